// LMDB itself, in one translation unit with what has to see its structures: no function of its
// interface tells where the map is, or which pages a write transaction has changed.

#include "lmdb_internals.h"

#include <assert.h>

#include "mdb.c"

// lmdb_pages.h reads pages and nodes at these places, and src/store/index-pages.ts does.
static_assert(sizeof(pgno_t) == 8 && BYTE_ORDER == LITTLE_ENDIAN, "64 bits, little-endian");
static_assert(offsetof(MDB_page, mp_flags) == 10 && offsetof(MDB_page, mp_lower) == 12 &&
                  offsetof(MDB_page, mp_upper) == 14 && offsetof(MDB_page, mp_pages) == 12 &&
                  PAGEHDRSZ == 16 && PAGEBASE == 0,
              "pages of data version 1");
static_assert(offsetof(MDB_node, mn_flags) == 4 && offsetof(MDB_node, mn_ksize) == 6 &&
                  NODESIZE == 8,
              "nodes of data version 1");
static_assert(FILL_THRESHOLD == 250, "a leaf that is a quarter full is left alone");
static_assert(CURSOR_STACK == 32 && MDB_MAXKEYSIZE == 511 && MDB_DATA_VERSION == 1, "limits");

static BloscacheTree TreeOf(const MDB_db* db) {
  const BloscacheTree tree = {db->md_root, db->md_depth, db->md_flags};
  return tree;
}

BloscacheState BloscacheStateOf(MDB_txn* txn) {
  const BloscacheState state = {(const uint8_t*)txn->mt_env->me_map,
                                txn->mt_env->me_psize,
                                txn->mt_next_pgno,
                                txn->mt_txnid,
                                TreeOf(&txn->mt_dbs[FREE_DBI]),
                                TreeOf(&txn->mt_dbs[MAIN_DBI])};
  return state;
}

const uint8_t* BloscachePage(MDB_txn* txn, uint64_t number) {
  // Of its cursor the function reads the transaction only.
  MDB_cursor cursor;
  cursor.mc_txn = txn;
  MDB_page* page = NULL;
  mdb_page_get(&cursor, number, &page, NULL);
  return (const uint8_t*)page;
}

int BloscacheFileSize(MDB_txn* txn, uint64_t* size) {
  size_t bytes = 0;
  const int code = mdb_fsize(txn->mt_env->me_fd, &bytes);
  *size = bytes;
  return code;
}

int BloscacheReadFile(MDB_txn* txn, uint64_t offset, uint8_t* target, size_t size) {
#ifdef _WIN32
  return ENOSYS;
#else
  if (offset > (uint64_t)INT64_MAX - size) return MDB_CORRUPTED;
  while (size > 0) {
    const ssize_t got = pread(txn->mt_env->me_fd, target, size, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return MDB_CORRUPTED;
    target += got;
    offset += (uint64_t)got;
    size -= (size_t)got;
  }
  return 0;
#endif
}

static int SetFileSize(HANDLE fd, uint64_t size) {
#ifdef _WIN32
  LARGE_INTEGER end;
  end.QuadPart = (LONGLONG)size;
  const int is_done = SetFilePointerEx(fd, end, NULL, FILE_BEGIN) && SetEndOfFile(fd);
  return is_done ? 0 : ErrCode();
#else
  return ftruncate(fd, (off_t)size) == 0 ? 0 : ErrCode();
#endif
}

int BloscacheFillFile(MDB_txn* txn) {
  // The commit writes the last page, unless it is loose: free again.
  const uint64_t last = txn->mt_next_pgno - 1;
  const MDB_ID2L dirty = txn->mt_u.dirty_list;
  const unsigned i = mdb_mid2l_search(dirty, last);
  const int is_dirty = i <= dirty[0].mid && dirty[i].mid == last;
  if (is_dirty && (((const MDB_page*)dirty[i].mptr)->mp_flags & P_LOOSE) == 0) return 0;
  uint64_t size = 0;
  const int code = BloscacheFileSize(txn, &size);
  const uint64_t needed = txn->mt_next_pgno * txn->mt_env->me_psize;
  return code != 0 || size >= needed ? code : SetFileSize(txn->mt_env->me_fd, needed);
}
