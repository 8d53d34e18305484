// allocate() and digest() of the binding: see src/blosc/binding.ts.

#ifndef BLOSCACHE_MEMORY_CALL_H_
#define BLOSCACHE_MEMORY_CALL_H_

#include <napi.h>

namespace bloscache {

Napi::Value Allocate(const Napi::CallbackInfo& info);
Napi::Value Digest(const Napi::CallbackInfo& info);

}  // namespace bloscache

#endif  // BLOSCACHE_MEMORY_CALL_H_
