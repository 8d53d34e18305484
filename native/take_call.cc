#include "take_call.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "blosc_chunk.h"
#include "file_read_job.h"
#include "napi_util.h"
#include "take.h"

namespace bloscache {

namespace {

constexpr std::size_t kChunkNumbers = 5;  // position, end, whether it is the last, nbytes, pieces
constexpr std::size_t kPieceNumbers = 3;  // start, target, nbytes

// The arguments, read from JavaScript but not yet as memory.
struct Arguments {
  int descriptor;
  Napi::Float64Array chunks;
  Napi::Float64Array pieces;
  Napi::Uint8Array plain;
  Checksum checksum;
};

Arguments ReadArguments(const Napi::CallbackInfo& info) {
  return {
      static_cast<int>(ToInteger(info[0], "descriptor", 0, std::numeric_limits<int>::max())),
      ToFloat64Array(info[1], "chunks"),
      ToFloat64Array(info[2], "pieces"),
      ToBytesView(info[3], "plain"),
      ToChecksum(info[4], "checksum"),
  };
}

// A count or a size; RangeError above `max`.
std::size_t ToSize(Napi::Env env, double number, std::size_t max) {
  if (number >= 0 && number <= static_cast<double>(max)) return static_cast<std::size_t>(number);
  throw Napi::RangeError::New(env, "a number of chunks or pieces is out of its range");
}

TakenPiece ToPiece(Napi::Env env, const double* numbers, std::size_t chunk_nbytes,
                   std::size_t plain_nbytes) {
  TakenPiece piece;
  piece.start = ToSize(env, numbers[0], chunk_nbytes);
  piece.target = ToSize(env, numbers[1], plain_nbytes);
  piece.nbytes =
      ToSize(env, numbers[2], std::min(chunk_nbytes - piece.start, plain_nbytes - piece.target));
  return piece;
}

// Fills in the memory. No JavaScript may run between this and its use.
TakePlan PlanOf(Napi::Env env, const Arguments& arguments) {
  TakePlan plan;
  plan.checksum = arguments.checksum;
  plan.descriptor = arguments.descriptor;
  plan.plain = BytesOf(arguments.plain, "plain");
  const std::span<const double> chunks(arguments.chunks.Data(), arguments.chunks.ElementLength());
  std::span<const double> pieces(arguments.pieces.Data(), arguments.pieces.ElementLength());
  for (std::size_t i = 0; i + kChunkNumbers <= chunks.size(); i += kChunkNumbers) {
    TakenChunk& taken = plan.chunks.emplace_back();
    taken.chunk = {chunks[i], chunks[i + 1], chunks[i + 2] != 0,
                   ToSize(env, chunks[i + 3], kMaxNbytes)};
    const std::size_t count = ToSize(env, chunks[i + 4], pieces.size() / kPieceNumbers);
    for (std::size_t piece = 0; piece < count; ++piece) {
      taken.pieces.push_back(ToPiece(env, pieces.data() + piece * kPieceNumbers, taken.chunk.nbytes,
                                     plan.plain.size()));
    }
    pieces = pieces.subspan(count * kPieceNumbers);
  }
  return plan;
}

}  // namespace

Napi::Value Take(const Napi::CallbackInfo& info) {
  const Arguments arguments = ReadArguments(info);
  TakeRun run(EnvData::Of(info.Env()).threads, PlanOf(info.Env(), arguments));
  return Napi::Boolean::New(info.Env(), run.Run());
}

Napi::Value TakeAsync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Arguments arguments = ReadArguments(info);
  auto job = std::make_unique<FileReadJob<TakeRun>>(env, arguments.plain, PlanOf(env, arguments));
  return AsyncJob::Queue(env, "bloscache:take", std::move(job));
}

}  // namespace bloscache
