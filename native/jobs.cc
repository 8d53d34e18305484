#include "jobs.h"

#include <cstring>
#include <utility>

#include "napi_util.h"

namespace bloscache {

PinnedInput::PinnedInput(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
  block_ = BufferPool::Shared()->Find(bytes);
  if (block_) return;
  block_ = BufferPool::Shared()->Allocate(bytes.size());
  std::memcpy(block_->data(), bytes.data(), bytes.size());
  bytes_ = {block_->data(), bytes.size()};
}

PinnedOutput::PinnedOutput(const Napi::Uint8Array& view, std::span<std::uint8_t> memory,
                           std::string name)
    : bytes_(memory), name_(std::move(name)) {
  block_ = BufferPool::Shared()->Find(memory);
  if (block_) return;
  block_ = BufferPool::Shared()->Allocate(memory.size());
  bytes_ = {block_->data(), memory.size()};
  view_ = Napi::Reference<Napi::Uint8Array>::New(view, 1);
}

void PinnedOutput::Commit(std::size_t offset, std::size_t size) {
  if (view_.IsEmpty()) return;
  const Napi::Uint8Array view = view_.Value();
  const auto memory = BytesOf(view, name_);
  if (memory.size() < bytes_.size()) {
    throw Napi::TypeError::New(view.Env(), name_ + " has shrunk");
  }
  std::memcpy(memory.data() + offset, bytes_.data() + offset, size);
}

Napi::Promise AsyncJob::Queue(Napi::Env env, const char* name, std::unique_ptr<AsyncJob> job) {
  napi_value promise = nullptr;
  napi_status status = napi_create_promise(env, &job->deferred_, &promise);
  if (status == napi_ok) {
    status = napi_create_async_work(env, nullptr, Napi::String::New(env, name), OnExecute,
                                    OnComplete, job.get(), &job->work_);
  }
  if (status == napi_ok) status = napi_queue_async_work(env, job->work_);
  if (status != napi_ok) {
    const Napi::Error error = Napi::Error::New(env);
    if (job->work_ != nullptr) napi_delete_async_work(env, job->work_);
    throw error;
  }
  job.release();  // OnComplete() owns it now
  return Napi::Promise(env, promise);
}

void AsyncJob::OnExecute(napi_env, void* data) {
  auto* const job = static_cast<AsyncJob*>(data);
  try {
    job->Execute();
  } catch (const std::bad_alloc&) {
    job->out_of_memory_ = true;
  }
}

// Never throws: there is no JavaScript below to catch it, and after worker.terminate() there is
// nobody to tell.
void AsyncJob::OnComplete(napi_env env, napi_status status, void* data) {
  const std::unique_ptr<AsyncJob> job(static_cast<AsyncJob*>(data));
  try {
    const Napi::HandleScope scope(env);
    if (status == napi_ok) job->SettlePromise(env);
  } catch (...) {
    // The environment is going away.
  }
  napi_delete_async_work(env, job->work_);
}

void AsyncJob::SettlePromise(Napi::Env env) {
  try {
    if (out_of_memory_) throw OutOfMemoryError(env);
    napi_resolve_deferred(env, deferred_, Settle(env));
  } catch (const Napi::Error& error) {
    napi_reject_deferred(env, deferred_, error.Value());
  }
}

}  // namespace bloscache
