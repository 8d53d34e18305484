// What LMDB knows of a transaction and does not tell: the trees, the map, the pages it has changed.

#ifndef BLOSCACHE_LMDB_INTERNALS_H_
#define BLOSCACHE_LMDB_INTERNALS_H_

#include <lmdb.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The root of a tree that is empty.
#define BLOSCACHE_NO_PAGE UINT64_MAX

typedef struct BloscacheTree {
  uint64_t root;
  uint32_t depth;
  uint32_t flags;
} BloscacheTree;

typedef struct BloscacheState {
  const uint8_t* map;
  uint64_t page_size;
  uint64_t page_count;  // pages in use or free; in a write transaction, the new ones too
  uint64_t transaction;
  BloscacheTree free_list;
  BloscacheTree rows;
} BloscacheState;

// As the transaction sees it now. Nothing of it has been checked but the page size.
BloscacheState BloscacheStateOf(MDB_txn* txn);

// The page: in the map, or in the memory of a write transaction that has changed it.
// REQUIRES: number < page_count of the transaction's state
const uint8_t* BloscachePage(MDB_txn* txn, uint64_t number);

int BloscacheFileSize(MDB_txn* txn, uint64_t* size);

// Reads from the file, not through the map: a page that a read transaction sees is in the file as
// it is in the map. 0, an errno value, or MDB_CORRUPTED where the file ends before. Not on Windows.
int BloscacheReadFile(MDB_txn* txn, uint64_t offset, uint8_t* target, size_t size);

// Has the file hold all pages that a write transaction counts. LMDB leaves out a new last page that
// is free again at the commit: such a file looks as if it had been cut.
// REQUIRES: the commit follows
int BloscacheFillFile(MDB_txn* txn);

#ifdef __cplusplus
}
#endif

#endif  // BLOSCACHE_LMDB_INTERNALS_H_
