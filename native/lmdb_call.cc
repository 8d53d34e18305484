#include "lmdb_call.h"

#include <lmdb.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "jobs.h"
#include "lmdb_env.h"
#include "lmdb_write.h"
#include "napi_util.h"

namespace bloscache {

namespace {

constexpr std::int64_t kMaxSafeInteger = (std::int64_t{1} << 53) - 1;

const char* CodeName(int code) {
  switch (code) {
    case EACCES:
      return "EACCES";
    case EAGAIN:
      return "EAGAIN";
#ifdef EDQUOT
    case EDQUOT:
      return "EDQUOT";
#endif
    case EINVAL:
      return "EINVAL";
    case EIO:
      return "EIO";
    case EMFILE:
      return "EMFILE";
    case ENFILE:
      return "ENFILE";
    case ENOENT:
      return "ENOENT";
    case ENOMEM:
      return "ENOMEM";
    case ENOSPC:
      return "ENOSPC";
    case EROFS:
      return "EROFS";
    case MDB_CORRUPTED:
      return "MDB_CORRUPTED";
    case MDB_INVALID:
      return "MDB_INVALID";
    case MDB_MAP_FULL:
      return "MDB_MAP_FULL";
    case MDB_PAGE_NOTFOUND:
      return "MDB_PAGE_NOTFOUND";
    case MDB_PANIC:
      return "MDB_PANIC";
    case MDB_READERS_FULL:
      return "MDB_READERS_FULL";
    case MDB_VERSION_MISMATCH:
      return "MDB_VERSION_MISMATCH";
    default:
      return code < 0 ? "MDB_ERROR" : "EUNKNOWN";
  }
}

void Require(Napi::Env env, int code) {
  if (code == 0) return;
  const std::string name = CodeName(code);
  Napi::Error error = Napi::Error::New(env, name + ": " + mdb_strerror(code));
  error.Set("code", Napi::String::New(env, name));
  throw error;
}

// The environment's handle, as lmdbOpen() gave it out.
LmdbHandle& HandleOf(Napi::Value value) {
  auto& handles = EnvData::Of(value.Env()).lmdb;
  const auto last = static_cast<std::int64_t>(handles.size()) - 1;
  return *handles[static_cast<std::size_t>(ToInteger(value, "handle", 0, last))];
}

Napi::Value Outcome(Napi::Env env, LmdbWrite* write) {
  Require(env, write->Finish());
  auto made = Napi::Uint8Array::New(env, write->made().size());
  std::ranges::copy(write->made(), made.Data());
  return made;
}

class WriteJob : public AsyncJob {
 public:
  explicit WriteJob(std::shared_ptr<LmdbWrites> writes) : writes_(std::move(writes)) {}

 private:
  void Execute() override { writes_->RunAll(); }
  Napi::Value Settle(Napi::Env env) override { return env.Undefined(); }

  const std::shared_ptr<LmdbWrites> writes_;
};

}  // namespace

Napi::Value LmdbOpen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) throw Napi::TypeError::New(env, "folder must be a string");
  if (!info[4].IsBoolean()) throw Napi::TypeError::New(env, "sync must be a boolean");
  LmdbOptions options;
  options.map_size = static_cast<std::size_t>(ToInteger(info[1], "mapSize", 1, kMaxSafeInteger));
  options.max_readers = static_cast<unsigned int>(ToInteger(info[2], "maxReaders", 1, INT32_MAX));
  options.near_size = static_cast<std::size_t>(ToInteger(info[3], "nearSize", 0, kMaxSafeInteger));
  options.sync = info[4].As<Napi::Boolean>();
  LmdbEnv* opened = nullptr;
  Require(env, LmdbEnv::Open(info[0].As<Napi::String>().Utf8Value(), options, &opened));
  auto& handles = EnvData::Of(env).lmdb;
  handles.push_back(std::make_unique<LmdbHandle>(opened));
  return Napi::Number::New(env, static_cast<double>(handles.size() - 1));
}

Napi::Value LmdbIsCurrent(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), HandleOf(info[0]).env->IsCurrent());
}

Napi::Value LmdbGet(const Napi::CallbackInfo& info) {
  LmdbHandle& handle = HandleOf(info[0]);
  const auto key = ToBytesView(info[1], "key");
  const auto target = ToBytesView(info[2], "target");
  std::size_t size = 0;
  const int code = handle.reader.Get(BytesOf(key, "key"), BytesOf(target, "target"), &size);
  if (code == MDB_NOTFOUND) return Napi::Number::New(info.Env(), -1);
  Require(info.Env(), code);
  return Napi::Number::New(info.Env(), static_cast<double>(size));
}

Napi::Value LmdbScan(const Napi::CallbackInfo& info) {
  LmdbHandle& handle = HandleOf(info[0]);
  const auto prefix = ToBytesView(info[1], "prefix");
  const auto after = ToBytesView(info[2], "after");
  const auto target = ToBytesView(info[3], "target");
  std::size_t size = 0;
  Require(info.Env(), handle.reader.Scan(BytesOf(prefix, "prefix"), BytesOf(after, "after"),
                                         BytesOf(target, "target"), &size));
  return Napi::Number::New(info.Env(), static_cast<double>(size));
}

Napi::Value LmdbWriteNow(const Napi::CallbackInfo& info) {
  LmdbHandle& handle = HandleOf(info[0]);
  const auto batch = ToBytesView(info[1], "batch");
  const auto made = ToBytesView(info[2], "made");
  Require(info.Env(), handle.env->Write(BytesOf(batch, "batch"), BytesOf(made, "made")));
  return info.Env().Undefined();
}

Napi::Value LmdbWriteBegin(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  LmdbHandle& handle = HandleOf(info[0]);
  const auto batch = ToBytesView(info[1], "batch");
  const auto changes = static_cast<std::size_t>(ToInteger(info[2], "changes", 0, INT32_MAX));
  const auto write = std::make_shared<LmdbWrite>(handle.env, BytesOf(batch, "batch"), changes);
  auto begun = Napi::Object::New(env);
  if (handle.writes == nullptr || !handle.writes->Add(write)) {
    const auto writes = std::make_shared<LmdbWrites>(handle.writes);
    writes->Add(write);
    begun["done"] = AsyncJob::Queue(env, "bloscache:write", std::make_unique<WriteJob>(writes));
    handle.writes = writes;
  }
  begun["finish"] = Napi::Function::New(env, [write](const Napi::CallbackInfo& call) {
    return Guarded(call.Env(), [&] { return Outcome(call.Env(), write.get()); });
  });
  return begun;
}

}  // namespace bloscache
