#include "compress_call.h"

#include <blosc.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jobs.h"
#include "napi_util.h"
#include "pipeline.h"

namespace bloscache {

namespace {

// The arguments, read from JavaScript but not yet as memory.
struct Arguments {
  std::vector<Napi::Uint8Array> chunks;
  Napi::Uint8Array slots;
  CompressPlan plan;  // its spans are still empty
};

std::string ChunkName(std::size_t index) { return "chunks[" + std::to_string(index) + "]"; }

void ReadOptions(Napi::Value value, CompressPlan* plan) {
  if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "options must be an object");
  const auto options = value.As<Napi::Object>();
  const Napi::Value cname = options.Get("cname");
  if (!cname.IsString()) throw Napi::TypeError::New(value.Env(), "cname must be a string");
  plan->codec.cname = cname.As<Napi::String>().Utf8Value();
  if (blosc_compname_to_compcode(plan->codec.cname.c_str()) < 0) {
    throw Napi::RangeError::New(value.Env(), "cname is unknown to this C-Blosc");
  }
  plan->codec.clevel = static_cast<int>(ToInteger(options.Get("clevel"), "clevel", 0, 9));
  plan->codec.shuffle = static_cast<int>(ToInteger(options.Get("shuffle"), "shuffle", 0, 2));
  plan->codec.typesize =
      static_cast<std::size_t>(ToInteger(options.Get("typesize"), "typesize", 1, 255));
  plan->checksum = ToChecksum(options.Get("checksum"), "checksum");
  const Napi::Value nthreads = options.Get("nthreads");
  if (!nthreads.IsUndefined()) {
    plan->max_threads =
        static_cast<std::size_t>(ToInteger(nthreads, "nthreads", 1, ThreadPool::kMaxThreads));
  }
}

Arguments ReadArguments(const Napi::CallbackInfo& info) {
  Arguments arguments;
  if (!info[0].IsArray()) throw Napi::TypeError::New(info.Env(), "chunks must be an array");
  const auto chunks = info[0].As<Napi::Array>();
  const std::uint32_t count = chunks.Length();
  arguments.chunks.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    arguments.chunks.push_back(ToBytesView(chunks.Get(i), ChunkName(i)));
  }
  arguments.slots = ToBytesView(info[1], "slots");
  arguments.plan.slot_size = static_cast<std::size_t>(
      ToInteger(info[2], "slotSize", 0, kMaxNbytes + kMaxOverhead + kMaxDigestSize));
  ReadOptions(info[3], &arguments.plan);
  return arguments;
}

// Fills in the memory. No JavaScript may run between this and its use.
CompressPlan PlanOf(Napi::Env env, const Arguments& arguments) {
  CompressPlan plan = arguments.plan;
  plan.slots = BytesOf(arguments.slots, "slots");
  const std::size_t count = arguments.chunks.size();
  if (plan.slot_size > 0 && plan.slots.size() / plan.slot_size < count) {
    throw Napi::RangeError::New(env, "slots is too small for all chunks");
  }
  const std::size_t overhead = kMaxOverhead + DigestSize(plan.checksum);
  plan.chunks.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto chunk = BytesOf(arguments.chunks[i], ChunkName(i));
    if (chunk.size() > kMaxCompressNbytes) {
      throw Napi::RangeError::New(
          env, ChunkName(i) + " exceeds " + std::to_string(kMaxCompressNbytes) + " bytes");
    }
    if (chunk.size() + overhead > plan.slot_size) {
      throw Napi::RangeError::New(env, "slotSize is too small for " + ChunkName(i));
    }
    if (Overlap(chunk, plan.slots)) {
      throw Napi::RangeError::New(env, ChunkName(i) + " overlaps slots");
    }
    plan.chunks.push_back(chunk);
  }
  return plan;
}

Napi::Error CompressError(Napi::Env env, const ChunkFailure& failure) {
  if (failure.status.status == Status::kOutOfMemory) return OutOfMemoryError(env);
  Napi::Error error = Napi::Error::New(env, failure.status.reason);
  error.Set("status", Napi::Number::New(env, failure.status.blosc_status));
  error.Set("chunk", Napi::Number::New(env, static_cast<double>(failure.chunk)));
  return error;
}

Napi::Value Outcome(Napi::Env env, const std::optional<ChunkFailure>& failure,
                    const CompressRun& run) {
  if (failure) throw CompressError(env, *failure);
  auto sizes = Napi::Uint32Array::New(env, run.sizes().size());
  std::copy(run.sizes().begin(), run.sizes().end(), sizes.Data());
  return sizes;
}

// A compression under way in the caller's own memory, which it keeps from being collected.
// JavaScript thread only.
class BegunCompress {
 public:
  BegunCompress(Napi::Env env, const Arguments& arguments)
      : views_(env), run_(EnvData::Of(env).threads, PlanOf(env, arguments)) {
    for (std::size_t i = 0; i < arguments.chunks.size(); ++i) {
      views_.Hold(arguments.chunks[i], ChunkName(i));
    }
    views_.Hold(arguments.slots, "slots");
    run_.Start();
  }

  Napi::Value Finish(Napi::Env env) {
    if (finished_) throw Napi::Error::New(env, "this compression has already been finished");
    finished_ = true;
    const std::optional<ChunkFailure> failure = run_.Finish();
    views_.Release();
    return Outcome(env, failure, run_);
  }

 private:
  HeldViews views_;
  bool finished_ = false;
  CompressRun run_;  // last: destroyed first, which waits for the helpers
};

class CompressJob : public AsyncJob {
 public:
  CompressJob(Napi::Env env, const Arguments& arguments)
      : CompressJob(env, arguments, PlanOf(env, arguments)) {}

 private:
  CompressJob(Napi::Env env, const Arguments& arguments, CompressPlan plan)
      : slots_(arguments.slots, plan.slots, "slots") {
    chunks_.reserve(plan.chunks.size());
    for (auto& chunk : plan.chunks) chunk = chunks_.emplace_back(chunk).bytes();
    plan.slots = slots_.bytes();
    run_.emplace(EnvData::Of(env).threads, std::move(plan));
  }

  void Execute() override { failure_ = run_->Run(); }

  Napi::Value Settle(Napi::Env env) override {
    const Napi::Value sizes = Outcome(env, failure_, *run_);
    std::size_t offset = 0;
    for (const std::uint32_t size : run_->sizes()) {
      slots_.Commit(offset, size);
      offset += run_->plan().slot_size;
    }
    return sizes;
  }

  std::vector<PinnedInput> chunks_;
  PinnedOutput slots_;
  std::optional<CompressRun> run_;
  std::optional<ChunkFailure> failure_;
};

}  // namespace

Napi::Value Compress(const Napi::CallbackInfo& info) {
  const Arguments arguments = ReadArguments(info);
  CompressRun run(EnvData::Of(info.Env()).threads, PlanOf(info.Env(), arguments));
  return Outcome(info.Env(), run.Run(), run);
}

Napi::Value CompressBegin(const Napi::CallbackInfo& info) {
  // Shared with the function alone, whose finalizer drops it.
  const auto begun = std::make_shared<BegunCompress>(info.Env(), ReadArguments(info));
  return Napi::Function::New(info.Env(), [begun](const Napi::CallbackInfo& call) {
    return Guarded(call.Env(), [&] { return begun->Finish(call.Env()); });
  });
}

Napi::Value CompressAsync(const Napi::CallbackInfo& info) {
  const Arguments arguments = ReadArguments(info);
  return AsyncJob::Queue(info.Env(), "bloscache:compress",
                         std::make_unique<CompressJob>(info.Env(), arguments));
}

}  // namespace bloscache
