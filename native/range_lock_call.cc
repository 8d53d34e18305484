#include "range_lock_call.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "napi_util.h"
#include "range_lock.h"

namespace bloscache {

namespace {

constexpr std::int64_t kMaxOffset = (std::int64_t{1} << 53) - 2;

void Require(Napi::Env env, int code) {
  if (code == 0) return;
  Napi::Error error = Napi::Error::New(env, std::strerror(code));
  error.Set("errno", Napi::Number::New(env, -code));
  throw error;
}

// The lock file, as rangeLockOpen() gave it out.
RangeLock& LockOf(Napi::Value value) {
  auto& locks = EnvData::Of(value.Env()).range_locks;
  const auto last = static_cast<std::int64_t>(locks.size()) - 1;
  const auto& lock = locks[static_cast<std::size_t>(ToInteger(value, "handle", 0, last))];
  if (lock == nullptr) throw Napi::TypeError::New(value.Env(), "the lock file has been closed");
  return *lock;
}

std::int64_t OffsetOf(Napi::Value value) { return ToInteger(value, "offset", 0, kMaxOffset); }

}  // namespace

Napi::Value RangeLockOpen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) throw Napi::TypeError::New(env, "path must be a string");
  std::unique_ptr<RangeLock> lock;
  Require(env, RangeLock::Open(info[0].As<Napi::String>().Utf8Value(), &lock));
  auto& data = EnvData::Of(env);
  auto& locks = data.range_locks;
  if (data.closed_range_locks.empty()) {
    locks.push_back(std::move(lock));
    return Napi::Number::New(env, static_cast<double>(locks.size() - 1));
  }
  const std::size_t handle = data.closed_range_locks.back();
  data.closed_range_locks.pop_back();
  locks[handle] = std::move(lock);
  return Napi::Number::New(env, static_cast<double>(handle));
}

Napi::Value RangeLockTry(const Napi::CallbackInfo& info) {
  bool taken = false;
  Require(info.Env(), LockOf(info[0]).Try(OffsetOf(info[1]), &taken));
  return Napi::Boolean::New(info.Env(), taken);
}

Napi::Value RangeLockRelease(const Napi::CallbackInfo& info) {
  Require(info.Env(), LockOf(info[0]).Release(OffsetOf(info[1])));
  return info.Env().Undefined();
}

Napi::Value RangeLockIsHeld(const Napi::CallbackInfo& info) {
  bool held = false;
  Require(info.Env(), LockOf(info[0]).IsHeldByOthers(OffsetOf(info[1]), &held));
  return Napi::Boolean::New(info.Env(), held);
}

Napi::Value RangeLockClose(const Napi::CallbackInfo& info) {
  LockOf(info[0]);  // throws for one that is closed
  auto& data = EnvData::Of(info.Env());
  const auto handle = static_cast<std::size_t>(info[0].As<Napi::Number>().Int64Value());
  data.range_locks[handle].reset();
  // Whoever opens and closes thousands is not to have as many handles.
  data.closed_range_locks.push_back(handle);
  return info.Env().Undefined();
}

}  // namespace bloscache
