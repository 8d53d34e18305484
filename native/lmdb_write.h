// Writes of an LMDB environment that are under way: on whichever thread comes to them first.

#ifndef BLOSCACHE_LMDB_WRITE_H_
#define BLOSCACHE_LMDB_WRITE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "lmdb_env.h"

namespace bloscache {

// LmdbEnv::Write(), once, by one of the threads that ask for it. Any thread.
class LmdbWrite {
 public:
  // Copies the batch. Throws std::bad_alloc.
  LmdbWrite(LmdbEnv* env, std::span<const std::uint8_t> batch, std::size_t changes)
      : env_(env), batch_(batch.begin(), batch.end()), made_(changes) {}

  // Writes, unless that is done, or waits for the thread that does it. What LmdbEnv::Write()
  // returned.
  int Finish();

  // REQUIRES: Finish() returned 0
  std::span<const std::uint8_t> made() const { return made_; }

 private:
  LmdbEnv* const env_;
  // Under the environment's write_turn(), until is_done_.
  std::vector<std::uint8_t> batch_;
  std::vector<std::uint8_t> made_;
  bool is_done_ = false;
  int code_ = 0;
};

// Writes that one thread makes, one after another: several threads would wait for each other. Any
// thread.
class LmdbWrites {
 public:
  // `before` are those that were begun before these, and are made before them; null for none.
  explicit LmdbWrites(std::shared_ptr<LmdbWrites> before) : before_(std::move(before)) {}

  // False when it takes no more: there are many, or RunAll() has come to its end.
  bool Add(const std::shared_ptr<LmdbWrite>& write);

  // Makes them, and those that are added meanwhile, in their order.
  void RunAll();

 private:
  // Whoever waits for the first learns of it when all are made.
  static constexpr std::size_t kMost = 8;

  std::shared_ptr<LmdbWrite> Next(std::size_t n);
  std::shared_ptr<LmdbWrites> Before();

  std::mutex mutex_;
  std::shared_ptr<LmdbWrites> before_;              // under mutex_
  std::vector<std::shared_ptr<LmdbWrite>> writes_;  // under mutex_
  bool is_closed_ = false;                          // under mutex_
};

}  // namespace bloscache

#endif  // BLOSCACHE_LMDB_WRITE_H_
