// compress(), compressBegin() and compressAsync() of the binding: see src/blosc/binding.ts.

#ifndef BLOSCACHE_COMPRESS_CALL_H_
#define BLOSCACHE_COMPRESS_CALL_H_

#include <napi.h>

namespace bloscache {

Napi::Value Compress(const Napi::CallbackInfo& info);
Napi::Value CompressBegin(const Napi::CallbackInfo& info);
Napi::Value CompressAsync(const Napi::CallbackInfo& info);

}  // namespace bloscache

#endif  // BLOSCACHE_COMPRESS_CALL_H_
