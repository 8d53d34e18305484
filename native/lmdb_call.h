// lmdbOpen(), lmdbGet(), lmdbScan() and lmdbWrite() of the binding: see
// src/blosc/binding.ts.

#ifndef BLOSCACHE_LMDB_CALL_H_
#define BLOSCACHE_LMDB_CALL_H_

#include <napi.h>

namespace bloscache {

Napi::Value LmdbOpen(const Napi::CallbackInfo& info);
Napi::Value LmdbGet(const Napi::CallbackInfo& info);
Napi::Value LmdbScan(const Napi::CallbackInfo& info);
Napi::Value LmdbWrite(const Napi::CallbackInfo& info);

}  // namespace bloscache

#endif  // BLOSCACHE_LMDB_CALL_H_
