// take() and takeAsync() of the binding: see src/blosc/binding.ts.

#ifndef BLOSCACHE_TAKE_CALL_H_
#define BLOSCACHE_TAKE_CALL_H_

#include <napi.h>

namespace bloscache {

Napi::Value Take(const Napi::CallbackInfo& info);
Napi::Value TakeAsync(const Napi::CallbackInfo& info);

}  // namespace bloscache

#endif  // BLOSCACHE_TAKE_CALL_H_
