#include "file_space.h"

#include <cerrno>

#if defined(__linux__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace bloscache {

#if defined(__linux__)

// Not posix_fallocate(): where the file system cannot, glibc imitates it by writing a byte to each
// page, which destroys what another process writes at the same time.
int ReserveFileSpace(int fd, std::int64_t nbytes) {
  if (nbytes == 0) return 0;
  for (;;) {
    if (fallocate(fd, 0, 0, nbytes) == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

#elif defined(__APPLE__)

// F_PREALLOCATE gives space behind the allocated end of the file, and the file keeps its length.
int ReserveFileSpace(int fd, std::int64_t nbytes) {
  struct stat info;
  if (fstat(fd, &info) != 0) return errno;
  const std::int64_t allocated = std::int64_t{info.st_blocks} * 512;
  if (nbytes > allocated) {
    fstore_t store = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, nbytes - allocated, 0};
    if (fcntl(fd, F_PREALLOCATE, &store) == -1) return errno;
  }
  if (nbytes > info.st_size && ftruncate(fd, nbytes) != 0) return errno;
  return 0;
}

#else

int ReserveFileSpace(int, std::int64_t) { return 0; }

#endif

const char* ErrnoName(int error) {
  switch (error) {
    case EBADF:
      return "EBADF";
    case EFBIG:
      return "EFBIG";
    case EINVAL:
      return "EINVAL";
    case EIO:
      return "EIO";
    case ENODEV:
      return "ENODEV";
    case ENOSPC:
      return "ENOSPC";
    case ENOSYS:
      return "ENOSYS";
    case EOPNOTSUPP:
      return "EOPNOTSUPP";
    case EPERM:
      return "EPERM";
    case EROFS:
      return "EROFS";
    case ESPIPE:
      return "ESPIPE";
    case ETXTBSY:
      return "ETXTBSY";
#ifdef EDQUOT
    case EDQUOT:
      return "EDQUOT";
#endif
    default:
      return "EUNKNOWN";
  }
}

}  // namespace bloscache
