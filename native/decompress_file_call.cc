#include "decompress_file_call.h"

#include <limits>
#include <memory>
#include <utility>

#include "blosc_chunk.h"
#include "chunk_file.h"
#include "file_read_job.h"
#include "napi_util.h"

namespace bloscache {

namespace {

// The arguments, read from JavaScript but not yet as memory.
struct Arguments {
  int descriptor;
  Napi::Float64Array positions;
  Napi::Uint8Array plain;
  std::size_t chunk_size;
  Checksum checksum;
};

Arguments ReadArguments(const Napi::CallbackInfo& info) {
  return {
      static_cast<int>(ToInteger(info[0], "descriptor", 0, std::numeric_limits<int>::max())),
      ToFloat64Array(info[1], "positions"),
      ToBytesView(info[2], "plain"),
      static_cast<std::size_t>(ToInteger(info[3], "chunkSize", 1, kMaxNbytes)),
      ToChecksum(info[4], "checksum"),
  };
}

// Fills in the memory. No JavaScript may run between this and its use.
ChunkFilePlan PlanOf(Napi::Env env, const Arguments& arguments) {
  ChunkFilePlan plan;
  plan.checksum = arguments.checksum;
  plan.descriptor = arguments.descriptor;
  plan.chunk_size = arguments.chunk_size;
  plan.plain = BytesOf(arguments.plain, "plain");
  const double* const positions = arguments.positions.Data();  // of a detached view: length 0
  plan.positions.assign(positions, positions + arguments.positions.ElementLength());

  const std::uint64_t size = plan.plain.size();
  const std::uint64_t count = plan.positions.empty() ? 0 : plan.positions.size() - 1;
  if (size == 0 || count != (size - 1) / plan.chunk_size + 1) {
    throw Napi::RangeError::New(env, "plain does not have the size of positions.length - 1 chunks");
  }
  return plan;
}

}  // namespace

Napi::Value DecompressFile(const Napi::CallbackInfo& info) {
  const Arguments arguments = ReadArguments(info);
  ChunkFileRun run(EnvData::Of(info.Env()).threads, PlanOf(info.Env(), arguments));
  return Napi::Boolean::New(info.Env(), run.Run());
}

Napi::Value DecompressFileAsync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Arguments arguments = ReadArguments(info);
  auto job =
      std::make_unique<FileReadJob<ChunkFileRun>>(env, arguments.plain, PlanOf(env, arguments));
  return AsyncJob::Queue(env, "bloscache:decompressFile", std::move(job));
}

}  // namespace bloscache
