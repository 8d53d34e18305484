// Disk space ahead of writes through a memory map, where a full disk would be a SIGBUS.

#ifndef BLOSCACHE_FILE_SPACE_H_
#define BLOSCACHE_FILE_SPACE_H_

#include <cstdint>

namespace bloscache {

// Makes sure that bytes [0, nbytes) of the open file have disk space, and that the file is at least
// that long. Keeps what the file contains. Returns 0 or an errno value; where the system offers
// nothing of the kind it does nothing and returns 0. Any thread.
int ReserveFileSpace(int fd, std::int64_t nbytes);

// "ENOSPC" for ENOSPC; "EUNKNOWN" for values that ReserveFileSpace() is not known to return.
const char* ErrnoName(int error);

}  // namespace bloscache

#endif  // BLOSCACHE_FILE_SPACE_H_
