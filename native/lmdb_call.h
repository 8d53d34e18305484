// lmdbOpen(), lmdbIsCurrent(), lmdbGet(), lmdbScan(), lmdbWrite() and lmdbWriteBegin() of the
// binding: see src/blosc/binding.ts.

#ifndef BLOSCACHE_LMDB_CALL_H_
#define BLOSCACHE_LMDB_CALL_H_

#include <napi.h>

namespace bloscache {

Napi::Value LmdbOpen(const Napi::CallbackInfo& info);
Napi::Value LmdbIsCurrent(const Napi::CallbackInfo& info);
Napi::Value LmdbGet(const Napi::CallbackInfo& info);
Napi::Value LmdbScan(const Napi::CallbackInfo& info);
Napi::Value LmdbWriteNow(const Napi::CallbackInfo& info);
Napi::Value LmdbWriteBegin(const Napi::CallbackInfo& info);

}  // namespace bloscache

#endif  // BLOSCACHE_LMDB_CALL_H_
