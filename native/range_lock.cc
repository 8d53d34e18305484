#include "range_lock.h"

#include <cerrno>

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace bloscache {

#if defined(F_OFD_SETLK) && defined(F_OFD_GETLK)

namespace {

struct flock Byte(short type, std::int64_t offset) {
  struct flock byte = {};
  byte.l_type = type;
  byte.l_whence = SEEK_SET;
  byte.l_start = offset;
  byte.l_len = 1;
  return byte;
}

}  // namespace

int RangeLock::Open(const std::string& path, std::unique_ptr<RangeLock>* lock) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  lock->reset(new RangeLock(fd));
  return 0;
}

RangeLock::~RangeLock() { close(fd_); }

int RangeLock::Try(std::int64_t offset, bool* taken) {
  struct flock byte = Byte(F_WRLCK, offset);
  *taken = fcntl(fd_, F_OFD_SETLK, &byte) == 0;
  if (*taken || errno == EAGAIN || errno == EACCES) return 0;
  return errno;
}

int RangeLock::Release(std::int64_t offset) {
  struct flock byte = Byte(F_UNLCK, offset);
  return fcntl(fd_, F_OFD_SETLK, &byte) == 0 ? 0 : errno;
}

int RangeLock::IsHeldByOthers(std::int64_t offset, bool* held) {
  struct flock byte = Byte(F_WRLCK, offset);
  if (fcntl(fd_, F_OFD_GETLK, &byte) != 0) return errno;
  *held = byte.l_type != F_UNLCK;
  return 0;
}

#else

int RangeLock::Open(const std::string&, std::unique_ptr<RangeLock>*) { return ENOTSUP; }
RangeLock::~RangeLock() = default;
int RangeLock::Try(std::int64_t, bool*) { return ENOTSUP; }
int RangeLock::Release(std::int64_t) { return ENOTSUP; }
int RangeLock::IsHeldByOthers(std::int64_t, bool*) { return ENOTSUP; }

#endif

}  // namespace bloscache
