// Locks on single bytes of a file, which need not have them: by the open file, so that the system
// takes them back however the process, or the thread that opened it, ends.
//
// Threads of one process that open the file on their own exclude each other as processes do. Within
// one RangeLock a byte can be locked again and again, and is free after the first release.

#ifndef BLOSCACHE_RANGE_LOCK_H_
#define BLOSCACHE_RANGE_LOCK_H_

#include <cstdint>
#include <memory>
#include <string>

namespace bloscache {

class RangeLock {
 public:
  // Makes the file if it is not there. Returns 0 or an errno; ENOTSUP where the system has no locks
  // by open file.
  static int Open(const std::string& path, std::unique_ptr<RangeLock>* lock);

  RangeLock(const RangeLock&) = delete;
  RangeLock& operator=(const RangeLock&) = delete;
  ~RangeLock();

  // Each returns 0 or an errno, and does not wait.
  int Try(std::int64_t offset, bool* taken);
  int Release(std::int64_t offset);
  int IsHeldByOthers(std::int64_t offset, bool* held);

 private:
  explicit RangeLock(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace bloscache

#endif  // BLOSCACHE_RANGE_LOCK_H_
