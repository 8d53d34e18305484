// A small fixed pool of threads for batches of independent items (chunks).
//
// The thread that owns a batch works on it too, and the pool's threads are only helpers. So a batch
// makes progress however busy the pool is, and no thread ever waits for one that waits for it.

#ifndef BLOSCACHE_THREAD_POOL_H_
#define BLOSCACHE_THREAD_POOL_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "status.h"

namespace bloscache {

class Batch;

// May be used from several threads without external synchronization.
class ThreadPool {
 public:
  static constexpr std::size_t kMaxThreads = 256;

  // The pool of this process: of BLOSCACHE_NTHREADS (1..256) threads, else of one per hardware
  // thread, at most 32. All environments (the main thread's, those of worker_threads) share it; the
  // last owner to drop it joins its threads, so that none is left when the addon is unloaded.
  static std::shared_ptr<ThreadPool> Shared();

  // Starts nthreads - 1 helpers, or as many of them as the system grants.
  explicit ThreadPool(std::size_t nthreads);

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Joins the helpers. REQUIRES: no batch refers to this pool; the caller is not a helper.
  ~ThreadPool();

  // Threads that work on a batch, its owner included.
  std::size_t nthreads() const { return helpers_.size() + 1; }

 private:
  friend class Batch;

  void HelpBatches();
  // The first batch that one more helper may join, or null. REQUIRES: mutex_ is held.
  Batch* NextBatch() const;
  void Offer(Batch* batch);
  // Takes the batch out of the queue and waits until no helper is at work on it.
  void WithdrawAndWait(Batch* batch);

  std::mutex mutex_;
  std::condition_variable offered_or_stopping_;
  std::condition_variable helpers_left_;
  std::deque<Batch*> offered_;        // GUARDED_BY(mutex_)
  bool stopping_ = false;             // GUARDED_BY(mutex_)
  std::vector<std::thread> helpers_;  // constant after construction
};

// `count` items, each run once, by the owner of the batch and the pool's helpers.
//
// Items are taken in ascending order. When one fails, items above it may be left out, items below
// it never are: the failure that is reported is the one a serial loop would have met first.
//
// The methods are for one thread, the owner.
class Batch {
 public:
  static constexpr std::size_t kAllThreads = SIZE_MAX;

  // Runs item `index`. Called from any thread, for several items at once. Must not throw anything
  // but std::bad_alloc, which becomes Status::kOutOfMemory.
  using Item = std::function<ChunkStatus(std::size_t index)>;

  // At most `max_threads` threads, the owner included, work on it at a time; at least the owner.
  Batch(std::shared_ptr<ThreadPool> pool, std::size_t count, std::size_t max_threads, Item item);

  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Gives up on items not yet taken and waits for those being run.
  ~Batch();

  // Offers the items to the helpers and returns at once. At most one call.
  void Start();

  // Takes items until none is left, waits for the helpers and returns the lowest failure.
  std::optional<ChunkFailure> HelpAndWait();

 private:
  friend class ThreadPool;

  void RunItems();
  ChunkStatus RunItem(std::size_t index) const;
  void RecordFailure(std::size_t index, ChunkStatus status);

  const std::shared_ptr<ThreadPool> pool_;
  const std::size_t count_;
  const std::size_t max_helpers_;
  const Item item_;
  bool started_ = false;
  std::size_t helpers_ = 0;  // GUARDED_BY(pool_->mutex_): helpers inside RunItems()

  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> limit_;  // the lowest failed index, else count_: run only items below
  std::mutex failure_mutex_;
  std::optional<ChunkFailure> failure_;  // GUARDED_BY(failure_mutex_) while helpers are at work
};

}  // namespace bloscache

#endif  // BLOSCACHE_THREAD_POOL_H_
