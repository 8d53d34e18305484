// The rows of an LMDB file, found without LMDB, in bounds-checked code; and the check of what LMDB
// is going to walk through when it changes them.

#ifndef BLOSCACHE_LMDB_TREE_H_
#define BLOSCACHE_LMDB_TREE_H_

#include <lmdb.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "lmdb_pages.h"

namespace bloscache {

// The rows as a transaction sees them, with a place in them. Methods return 0, MDB_NOTFOUND,
// MDB_CORRUPTED or an errno value; what they give lies in the transaction's memory, or that of
// `far`.
// REQUIRES: the transaction is not ended, nor makes a change, while one of these is in use.
class LmdbTree {
 public:
  LmdbTree(MDB_txn* txn, std::atomic<std::uint64_t>* file_size, LmdbFarPages* far)
      : pages_(txn, file_size, far) {}
  LmdbTree(MDB_txn* txn, std::atomic<std::uint64_t>* file_size, SoundPages* sound)
      : pages_(txn, file_size, sound) {}

  int Get(std::span<const std::uint8_t> key, std::span<const std::uint8_t>* row);

  // Goes to the first row whose key is not before `key`.
  int Seek(std::span<const std::uint8_t> key);
  // Goes to the next row. MDB_CORRUPTED if its key is not behind that of this one.
  // REQUIRES: Seek() and each Next() since returned 0
  int Next();
  // The row's key. REQUIRES: as Next()
  std::span<const std::uint8_t> key() const { return node_.key(); }
  int Row(std::span<const std::uint8_t>* row) { return pages_.ReadValue(node_, row); }

  // Checks all that LMDB reads when it stores a row under `key`, but for the free list.
  // REQUIRES: a write transaction
  int CheckPut(std::span<const std::uint8_t> key);
  // The same for removing the row, if there is one.
  int CheckDelete(std::span<const std::uint8_t> key);

 private:
  enum class Extent { kTouched, kWhole };  // of a page: what a search reads, or all nodes

  struct Level {
    LmdbPage page;
    std::uint32_t index;
  };

  int Descend(std::span<const std::uint8_t> key, Extent extent);
  int Enter(std::uint64_t number, Extent extent);
  int EnterChild(Extent extent);
  int Place(std::span<const std::uint8_t> key);
  int ReadRow(bool* is_there);
  int NextLeaf();
  int CheckPath(std::span<const std::uint8_t> key, bool* is_there);
  int CheckNeighbours(std::uint32_t parent);
  int CheckLowest(std::uint32_t parent, std::uint32_t index);

  LmdbPages pages_;
  std::array<Level, kMaxDepth> levels_;  // the root is the first
  std::uint32_t depth_ = 0;              // of the levels entered
  LmdbNode node_;
};

}  // namespace bloscache

#endif  // BLOSCACHE_LMDB_TREE_H_
