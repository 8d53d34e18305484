#include "decompress_call.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "jobs.h"
#include "napi_util.h"
#include "pipeline.h"

namespace bloscache {

namespace {

// The arguments, read from JavaScript but not yet as memory.
struct Arguments {
  Napi::Uint8Array stored;
  Napi::Float64Array positions;
  Napi::Uint8Array plain;
  std::size_t chunk_size;
  Checksum checksum;
};

Arguments ReadArguments(const Napi::CallbackInfo& info) {
  return {ToBytesView(info[0], "stored"), ToFloat64Array(info[1], "positions"),
          ToBytesView(info[2], "plain"),
          static_cast<std::size_t>(ToInteger(info[3], "chunkSize", 0, kMaxNbytes)),
          ToChecksum(info[4], "checksum")};
}

// Fills in the memory. No JavaScript may run between this and its use.
DecompressPlan PlanOf(Napi::Env env, const Arguments& arguments) {
  DecompressPlan plan;
  plan.checksum = arguments.checksum;
  plan.chunk_size = arguments.chunk_size;
  plan.stored = BytesOf(arguments.stored, "stored");
  plan.plain = BytesOf(arguments.plain, "plain");
  const double* const positions = arguments.positions.Data();  // of a detached view: length 0
  plan.positions.assign(positions, positions + arguments.positions.ElementLength());

  const std::uint64_t count = plan.positions.size();
  const std::uint64_t size = plan.plain.size();
  const std::uint64_t max = count * plan.chunk_size;
  if (size > max || (count > 0 && size < max - plan.chunk_size)) {
    throw Napi::RangeError::New(env, "plain does not have the size of positions.length chunks");
  }
  if (Overlap(plan.stored, plan.plain)) throw Napi::RangeError::New(env, "plain overlaps stored");
  return plan;
}

Napi::Value Outcome(Napi::Env env, const std::optional<ChunkFailure>& failure) {
  if (!failure) return env.Undefined();
  if (failure->status.status == Status::kOutOfMemory) throw OutOfMemoryError(env);
  auto fault = Napi::Object::New(env);
  fault.Set("status", StatusName(failure->status.status));
  fault.Set("chunk", static_cast<double>(failure->chunk));
  fault.Set("reason", failure->status.reason);
  return fault;
}

// A decompression under way in the caller's own memory, which it keeps from being collected.
// JavaScript thread only.
class BegunDecompress {
 public:
  BegunDecompress(Napi::Env env, const Arguments& arguments)
      : views_(env), run_(EnvData::Of(env).threads, PlanOf(env, arguments)) {
    views_.Hold(arguments.stored, "stored");
    views_.Hold(arguments.plain, "plain");
    run_.Start();
  }

  Napi::Value Finish(Napi::Env env) {
    if (finished_) throw Napi::Error::New(env, "this decompression has already been finished");
    finished_ = true;
    const std::optional<ChunkFailure> failure = run_.Finish();
    views_.Release();
    return Outcome(env, failure);
  }

 private:
  HeldViews views_;
  bool finished_ = false;
  DecompressRun run_;  // last: destroyed first, which waits for the helpers
};

class DecompressJob : public AsyncJob {
 public:
  DecompressJob(Napi::Env env, const Arguments& arguments)
      : DecompressJob(env, arguments, PlanOf(env, arguments)) {}

 private:
  DecompressJob(Napi::Env env, const Arguments& arguments, DecompressPlan plan)
      : stored_(plan.stored), plain_(arguments.plain, plan.plain, "plain") {
    plan.stored = stored_.bytes();
    plan.plain = plain_.bytes();
    run_.emplace(EnvData::Of(env).threads, std::move(plan));
  }

  void Execute() override { failure_ = run_->Run(); }

  Napi::Value Settle(Napi::Env env) override {
    if (!failure_) plain_.Commit(0, plain_.bytes().size());
    return Outcome(env, failure_);
  }

  PinnedInput stored_;
  PinnedOutput plain_;
  std::optional<DecompressRun> run_;
  std::optional<ChunkFailure> failure_;
};

}  // namespace

Napi::Value Decompress(const Napi::CallbackInfo& info) {
  const Arguments arguments = ReadArguments(info);
  DecompressRun run(EnvData::Of(info.Env()).threads, PlanOf(info.Env(), arguments));
  return Outcome(info.Env(), run.Run());
}

Napi::Value DecompressBegin(const Napi::CallbackInfo& info) {
  // Shared with the function alone, whose finalizer drops it.
  const auto begun = std::make_shared<BegunDecompress>(info.Env(), ReadArguments(info));
  return Napi::Function::New(info.Env(), [begun](const Napi::CallbackInfo& call) {
    return Guarded(call.Env(), [&] { return begun->Finish(call.Env()); });
  });
}

Napi::Value DecompressAsync(const Napi::CallbackInfo& info) {
  const Arguments arguments = ReadArguments(info);
  return AsyncJob::Queue(info.Env(), "bloscache:decompress",
                         std::make_unique<DecompressJob>(info.Env(), arguments));
}

}  // namespace bloscache
