#include "thread_pool.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <system_error>
#include <utility>

namespace bloscache {

namespace {

constexpr std::size_t kMaxDefaultThreads = 32;

std::size_t DesiredThreads() {
  if (const char* text = std::getenv("BLOSCACHE_NTHREADS")) {
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    if (end != text && *end == '\0' && value >= 1 && value <= long{ThreadPool::kMaxThreads}) {
      return static_cast<std::size_t>(value);
    }
  }
  const std::size_t hardware = std::thread::hardware_concurrency();  // 0 if it cannot tell
  return std::clamp<std::size_t>(hardware, 1, kMaxDefaultThreads);
}

}  // namespace

std::shared_ptr<ThreadPool> ThreadPool::Shared() {
  // Leaked: environments may come and go while static destructors run.
  static std::mutex& mutex = *new std::mutex;
  static std::weak_ptr<ThreadPool>& shared = *new std::weak_ptr<ThreadPool>;
  const std::lock_guard lock(mutex);
  std::shared_ptr<ThreadPool> pool = shared.lock();
  if (!pool) {
    pool = std::make_shared<ThreadPool>(DesiredThreads());
    shared = pool;
  }
  return pool;
}

ThreadPool::ThreadPool(std::size_t nthreads) {
  helpers_.reserve(nthreads - 1);
  try {
    while (helpers_.size() + 1 < nthreads) helpers_.emplace_back([this] { HelpBatches(); });
  } catch (const std::system_error&) {
    // A limit on threads. Batches are slower with fewer helpers, and right with none.
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  offered_or_stopping_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void ThreadPool::HelpBatches() {
  std::unique_lock lock(mutex_);
  for (;;) {
    Batch* batch = nullptr;
    offered_or_stopping_.wait(lock, [&] { return stopping_ || (batch = NextBatch()) != nullptr; });
    if (stopping_) return;
    ++batch->helpers_;
    lock.unlock();
    batch->RunItems();
    lock.lock();
    std::erase(offered_, batch);  // nothing is left to take
    // The owner may destroy the batch as soon as it is unlocked with no helpers.
    if (--batch->helpers_ == 0) helpers_left_.notify_all();
  }
}

Batch* ThreadPool::NextBatch() const {
  const auto open = std::find_if(offered_.begin(), offered_.end(), [](const Batch* batch) {
    return batch->helpers_ < batch->max_helpers_;
  });
  return open == offered_.end() ? nullptr : *open;
}

void ThreadPool::Offer(Batch* batch) {
  {
    const std::lock_guard lock(mutex_);
    offered_.push_back(batch);
  }
  const std::size_t wanted = std::min({helpers_.size(), batch->count_, batch->max_helpers_});
  for (std::size_t i = 0; i < wanted; ++i) offered_or_stopping_.notify_one();
}

void ThreadPool::WithdrawAndWait(Batch* batch) {
  std::unique_lock lock(mutex_);
  std::erase(offered_, batch);
  helpers_left_.wait(lock, [batch] { return batch->helpers_ == 0; });
}

Batch::Batch(std::shared_ptr<ThreadPool> pool, std::size_t count, std::size_t max_threads,
             Item item)
    : pool_(std::move(pool)),
      count_(count),
      max_helpers_(std::max<std::size_t>(max_threads, 1) - 1),
      item_(std::move(item)),
      limit_(count) {}

Batch::~Batch() {
  limit_ = 0;
  if (started_) pool_->WithdrawAndWait(this);
}

void Batch::Start() {
  if (pool_->nthreads() < 2 || max_helpers_ == 0) return;
  pool_->Offer(this);
  started_ = true;
}

std::optional<ChunkFailure> Batch::HelpAndWait() {
  RunItems();
  if (started_) pool_->WithdrawAndWait(this);
  started_ = false;
  return std::move(failure_);
}

void Batch::RunItems() {
  for (;;) {
    const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
    if (index >= limit_.load(std::memory_order_relaxed)) return;
    ChunkStatus status = RunItem(index);
    if (!status.ok()) RecordFailure(index, std::move(status));
  }
}

ChunkStatus Batch::RunItem(std::size_t index) const {
  try {
    return item_(index);
  } catch (const std::bad_alloc&) {
    return ChunkStatus{Status::kOutOfMemory};
  }
}

void Batch::RecordFailure(std::size_t index, ChunkStatus status) {
  const std::lock_guard lock(failure_mutex_);
  if (failure_ && failure_->chunk < index) return;
  failure_ = ChunkFailure{index, std::move(status)};
  limit_ = index;
}

}  // namespace bloscache
