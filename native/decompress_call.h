// decompress(), decompressBegin() and decompressAsync() of the binding: see src/blosc/binding.ts.

#ifndef BLOSCACHE_DECOMPRESS_CALL_H_
#define BLOSCACHE_DECOMPRESS_CALL_H_

#include <napi.h>

namespace bloscache {

Napi::Value Decompress(const Napi::CallbackInfo& info);
Napi::Value DecompressBegin(const Napi::CallbackInfo& info);
Napi::Value DecompressAsync(const Napi::CallbackInfo& info);

}  // namespace bloscache

#endif  // BLOSCACHE_DECOMPRESS_CALL_H_
