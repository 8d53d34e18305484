// The check of an LMDB file's free list. LMDB writes where it says, be that far beyond the end of
// the file, and copies as many numbers as it claims to hold.

#ifndef BLOSCACHE_LMDB_FREE_LIST_H_
#define BLOSCACHE_LMDB_FREE_LIST_H_

#include <lmdb.h>

#include <atomic>
#include <cstdint>

namespace bloscache {

// Walks through the whole list as `txn` sees it: some nanoseconds per free page. 0, MDB_CORRUPTED
// or an errno value. A page that is free here and used by a row nonetheless is not found.
// REQUIRES: `txn` has made no change
int CheckFreeList(MDB_txn* txn, std::atomic<std::uint64_t>* file_size);

}  // namespace bloscache

#endif  // BLOSCACHE_LMDB_FREE_LIST_H_
