// rangeLockOpen(), rangeLockTry(), rangeLockRelease(), rangeLockIsHeld() and rangeLockClose() of
// the binding: see src/blosc/binding.ts.

#ifndef BLOSCACHE_RANGE_LOCK_CALL_H_
#define BLOSCACHE_RANGE_LOCK_CALL_H_

#include <napi.h>

namespace bloscache {

Napi::Value RangeLockOpen(const Napi::CallbackInfo& info);
Napi::Value RangeLockTry(const Napi::CallbackInfo& info);
Napi::Value RangeLockRelease(const Napi::CallbackInfo& info);
Napi::Value RangeLockIsHeld(const Napi::CallbackInfo& info);
Napi::Value RangeLockClose(const Napi::CallbackInfo& info);

}  // namespace bloscache

#endif  // BLOSCACHE_RANGE_LOCK_CALL_H_
