// Work off the JavaScript thread.
//
// A worker must not touch memory that JavaScript can detach (transfer, postMessage) or that dies
// with its environment. So a job works on memory it owns or shares with the buffer pool, and its
// outcome is copied to the caller's view at the end, on the JavaScript thread, if it is still
// there.

#ifndef BLOSCACHE_JOBS_H_
#define BLOSCACHE_JOBS_H_

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "buffer_pool.h"

namespace bloscache {

// Bytes to read that stay as they are for the life of this object, whatever becomes of the view
// they were taken from: shared with the buffer pool if they are in a block of it, copied otherwise.
class PinnedInput {
 public:
  explicit PinnedInput(std::span<const std::uint8_t> bytes);  // throws std::bad_alloc

  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  std::shared_ptr<Block> block_;
  std::span<const std::uint8_t> bytes_;
};

// Bytes to write for a view: its own memory if that is in a block of the buffer pool, otherwise
// memory of the job's own, to be copied over at the end.
// Constructed, committed and destroyed on the JavaScript thread; bytes() is for any thread.
class PinnedOutput {
 public:
  PinnedOutput(const Napi::Uint8Array& view, std::span<std::uint8_t> memory, std::string name);

  std::span<std::uint8_t> bytes() const { return bytes_; }

  // Makes bytes()[offset, offset + size) visible in the view. Throws a TypeError that names the
  // argument if the view has been detached or is too short by now.
  void Commit(std::size_t offset, std::size_t size);

 private:
  std::shared_ptr<Block> block_;
  std::span<std::uint8_t> bytes_;
  Napi::Reference<Napi::Uint8Array> view_;  // empty when bytes_ is the view's own memory
  std::string name_;
};

// One asynchronous call. In order:
//   constructor  JavaScript thread: pins what the job works on
//   Execute      libuv worker: no Node-API; may throw std::bad_alloc
//   Settle       JavaScript thread: returns the promise's value, or throws Napi::Error to reject;
//                left out when the job was cancelled or Execute threw
//   destructor   JavaScript thread, always; also when the environment is being torn down, when
//                every Node-API call may fail
class AsyncJob {
 public:
  virtual ~AsyncJob() = default;

  // Queues the job and returns its promise.
  static Napi::Promise Queue(Napi::Env env, const char* name, std::unique_ptr<AsyncJob> job);

 protected:
  virtual void Execute() = 0;
  virtual Napi::Value Settle(Napi::Env env) = 0;

 private:
  static void OnExecute(napi_env env, void* data);
  static void OnComplete(napi_env env, napi_status status, void* data);
  void SettlePromise(Napi::Env env);

  napi_async_work work_ = nullptr;
  napi_deferred deferred_ = nullptr;
  bool out_of_memory_ = false;
};

}  // namespace bloscache

#endif  // BLOSCACHE_JOBS_H_
