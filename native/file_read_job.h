// A run that reads chunks of a file into a view, off the JavaScript thread: its promise tells
// whether it succeeded, as Run() does.

#ifndef BLOSCACHE_FILE_READ_JOB_H_
#define BLOSCACHE_FILE_READ_JOB_H_

#include <napi.h>

#include <utility>

#include "jobs.h"
#include "napi_util.h"

namespace bloscache {

template <typename Run>
class FileReadJob : public AsyncJob {
 public:
  // `plan.plain` is the memory of `plain`. No JavaScript may have run since it was read.
  template <typename Plan>
  FileReadJob(Napi::Env env, const Napi::Uint8Array& plain, Plan plan)
      : plain_(plain, plan.plain, "plain"),
        run_(EnvData::Of(env).threads, Pinned(std::move(plan))) {}

 private:
  // The plan, on memory that stays.
  template <typename Plan>
  Plan Pinned(Plan plan) const {
    plan.plain = plain_.bytes();
    return plan;
  }

  void Execute() override { ok_ = run_.Run(); }

  Napi::Value Settle(Napi::Env env) override {
    if (ok_) plain_.Commit(0, plain_.bytes().size());
    return Napi::Boolean::New(env, ok_);
  }

  PinnedOutput plain_;
  bool ok_ = false;
  Run run_;  // last: destroyed first, when helpers may still use the rest
};

}  // namespace bloscache

#endif  // BLOSCACHE_FILE_READ_JOB_H_
