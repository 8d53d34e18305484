// xxhashWindow() and xxhashBytes() of the binding: see src/blosc/binding.ts.

#ifndef BLOSCACHE_XXHASH_CALL_H_
#define BLOSCACHE_XXHASH_CALL_H_

#include <napi.h>

namespace bloscache {

Napi::Value XxhashWindow(const Napi::CallbackInfo& info);
Napi::Value XxhashBytes(const Napi::CallbackInfo& info);

}  // namespace bloscache

#endif  // BLOSCACHE_XXHASH_CALL_H_
