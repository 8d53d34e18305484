// The exports of bloscache.node. src/blosc/binding.ts has their types and says what they do.

#include <blosc.h>
#include <napi.h>

#include <memory>
#include <sstream>
#include <string>

#include "blosc_chunk.h"
#include "chunk_file.h"
#include "compress_call.h"
#include "decompress_call.h"
#include "decompress_file_call.h"
#include "getitem_call.h"
#include "lmdb_call.h"
#include "memory_call.h"
#include "napi_util.h"
#include "range_lock_call.h"
#include "take_call.h"
#include "xxhash_call.h"

namespace {

using namespace bloscache;

Napi::Array Codecs(Napi::Env env) {
  auto codecs = Napi::Array::New(env);
  std::istringstream names(LinkedCodecs());
  for (std::string name; std::getline(names, name, ',');) codecs.Set(codecs.Length(), name);
  return codecs;
}

using Call = Napi::Value (*)(const Napi::CallbackInfo& info);

template <Call call>
Napi::Value GuardedCall(const Napi::CallbackInfo& info) {
  return Guarded(info.Env(), [&info] { return call(info); });
}

template <Call call>
void Export(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<GuardedCall<call>>(exports.Env(), name));
}

void ExportAll(Napi::Env env, Napi::Object exports) {
  exports.Set("codecs", Codecs(env));  // before there are threads: see LinkedCodecs()
  auto data = std::make_unique<EnvData>();
  exports.Set("nthreads", static_cast<double>(data->threads->nthreads()));
  env.SetInstanceData(data.release());
  exports.Set("bloscVersion", blosc_get_version_string());
  Export<Allocate>(exports, "allocate");
  Export<Compress>(exports, "compress");
  Export<CompressBegin>(exports, "compressBegin");
  Export<CompressAsync>(exports, "compressAsync");
  Export<Decompress>(exports, "decompress");
  Export<DecompressBegin>(exports, "decompressBegin");
  Export<DecompressAsync>(exports, "decompressAsync");
  if (kCanReadChunkFiles) {
    Export<DecompressFile>(exports, "decompressFile");
    Export<DecompressFileAsync>(exports, "decompressFileAsync");
    Export<Take>(exports, "take");
    Export<TakeAsync>(exports, "takeAsync");
  }
  Export<GetItems>(exports, "getItems");
  Export<GetItemsAsync>(exports, "getItemsAsync");
  Export<Digest>(exports, "digest");
  Export<XxhashWindow>(exports, "xxhashWindow");
  Export<XxhashBytes>(exports, "xxhashBytes");
  Export<LmdbOpen>(exports, "lmdbOpen");
  Export<LmdbIsCurrent>(exports, "lmdbIsCurrent");
  Export<LmdbGet>(exports, "lmdbGet");
  Export<LmdbScan>(exports, "lmdbScan");
  Export<LmdbWriteNow>(exports, "lmdbWrite");
  Export<LmdbWriteBegin>(exports, "lmdbWriteBegin");
  Export<RangeLockOpen>(exports, "rangeLockOpen");
  Export<RangeLockTry>(exports, "rangeLockTry");
  Export<RangeLockRelease>(exports, "rangeLockRelease");
  Export<RangeLockIsHeld>(exports, "rangeLockIsHeld");
  Export<RangeLockClose>(exports, "rangeLockClose");
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  Guarded(env, [&] { ExportAll(env, exports); });
  return exports;
}

}  // namespace

NODE_API_MODULE(bloscache, Init)
