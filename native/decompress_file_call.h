// decompressFile() and decompressFileAsync() of the binding: see src/blosc/binding.ts.

#ifndef BLOSCACHE_DECOMPRESS_FILE_CALL_H_
#define BLOSCACHE_DECOMPRESS_FILE_CALL_H_

#include <napi.h>

namespace bloscache {

Napi::Value DecompressFile(const Napi::CallbackInfo& info);
Napi::Value DecompressFileAsync(const Napi::CallbackInfo& info);

}  // namespace bloscache

#endif  // BLOSCACHE_DECOMPRESS_FILE_CALL_H_
