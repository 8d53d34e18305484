#include "getitem_call.h"

#include <memory>

#include "jobs.h"
#include "napi_util.h"
#include "pipeline.h"

namespace bloscache {

namespace {

// The arguments, read from JavaScript but not yet as memory.
struct Arguments {
  Napi::Uint8Array stored;
  std::size_t nbytes;
  std::size_t start;
  Napi::Uint8Array plain;
  Checksum checksum;
};

struct Plan {
  Checksum checksum = Checksum::kNone;
  std::span<const std::uint8_t> stored = {};  // starts at the chunk
  std::size_t nbytes = 0;                     // of all of the chunk, plain
  std::size_t start = 0;
  std::span<std::uint8_t> plain = {};
};

Arguments ReadArguments(const Napi::CallbackInfo& info) {
  return {ToBytesView(info[0], "stored"),
          static_cast<std::size_t>(ToInteger(info[1], "nbytes", 0, kMaxNbytes)),
          static_cast<std::size_t>(ToInteger(info[2], "start", 0, kMaxNbytes)),
          ToBytesView(info[3], "plain"), ToChecksum(info[4], "checksum")};
}

// Fills in the memory. No JavaScript may run between this and its use.
Plan PlanOf(Napi::Env env, const Arguments& arguments) {
  const Plan plan = {arguments.checksum, BytesOf(arguments.stored, "stored"), arguments.nbytes,
                     arguments.start, BytesOf(arguments.plain, "plain")};
  if (plan.start > plan.nbytes || plan.plain.size() > plan.nbytes - plan.start) {
    throw Napi::RangeError::New(env, "start and plain are not within nbytes");
  }
  if (Overlap(plan.stored, plan.plain)) throw Napi::RangeError::New(env, "plain overlaps stored");
  return plan;
}

// Throws std::bad_alloc.
ChunkStatus Carry(const Plan& plan) {
  CheckedChunk checked;
  ChunkStatus status = CheckChunk(plan.checksum, plan.stored, plan.nbytes, &checked);
  if (!status.ok()) return status;
  return DecompressCheckedPart(checked, plan.start, plan.plain);
}

Napi::Value Outcome(Napi::Env env, const ChunkStatus& status) {
  if (status.ok()) return env.Undefined();
  auto fault = Napi::Object::New(env);
  fault.Set("status", StatusName(status.status));
  fault.Set("chunk", 0.0);
  fault.Set("reason", status.reason);
  return fault;
}

class GetItemsJob : public AsyncJob {
 public:
  GetItemsJob(Napi::Env env, const Arguments& arguments)
      : GetItemsJob(arguments, PlanOf(env, arguments)) {}

 private:
  GetItemsJob(const Arguments& arguments, Plan plan)
      : stored_(plan.stored), plain_(arguments.plain, plan.plain, "plain"), plan_(plan) {
    plan_.stored = stored_.bytes();
    plan_.plain = plain_.bytes();
  }

  void Execute() override { status_ = Carry(plan_); }

  Napi::Value Settle(Napi::Env env) override {
    if (status_.ok()) plain_.Commit(0, plain_.bytes().size());
    return Outcome(env, status_);
  }

  PinnedInput stored_;
  PinnedOutput plain_;
  Plan plan_;
  ChunkStatus status_;
};

}  // namespace

Napi::Value GetItems(const Napi::CallbackInfo& info) {
  const Arguments arguments = ReadArguments(info);
  return Outcome(info.Env(), Carry(PlanOf(info.Env(), arguments)));
}

Napi::Value GetItemsAsync(const Napi::CallbackInfo& info) {
  return AsyncJob::Queue(info.Env(), "bloscache:getItems",
                         std::make_unique<GetItemsJob>(info.Env(), ReadArguments(info)));
}

}  // namespace bloscache
