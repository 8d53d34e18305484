// Pages of an LMDB file, read with every field checked. LMDB believes its file: one wrong byte in a
// page can end the process in its code, or keep it there for ever.
//
// The layout is told in src/store/index-pages.ts, which checks a whole file by the same rules.

#ifndef BLOSCACHE_LMDB_PAGES_H_
#define BLOSCACHE_LMDB_PAGES_H_

#include <lmdb.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <unordered_set>

#include "lmdb_far_pages.h"
#include "lmdb_internals.h"

namespace bloscache {

// Levels of a tree, at most: LMDB's cursors go no deeper.
inline constexpr std::uint32_t kMaxDepth = 32;

enum class TreeKind { kRows, kFreeList };

// A branch or a leaf whose header is sound. Its nodes need not be.
class LmdbPage {
 public:
  LmdbPage() = default;
  LmdbPage(const std::uint8_t* bytes, std::size_t size, bool is_leaf);

  // Whether the header is that of page `number`.
  // REQUIRES: the size given are bytes that can be read
  bool HasSoundHeader(std::uint64_t number, TreeKind kind, bool is_in_memory) const;

  // Whether the nodes fill the page without gaps and overlaps, with keys in strict order: LMDB
  // moves them all when it changes one.
  bool HasSoundNodes(TreeKind kind) const;

  // Whether LMDB removes the node number `index` without a look at the leaves beside this one: it
  // fills up those that would be less than a quarter full, and goes on to the next from the last.
  // REQUIRES: the page is a leaf with sound nodes, index < count()
  bool OutlastsRemoval(std::uint32_t index) const;

  std::uint32_t count() const { return (lower_ - kHeader) / 2; }
  bool is_leaf() const { return is_leaf_; }
  // Whether the write transaction has changed it.
  bool is_changed() const { return is_changed_; }

  static constexpr std::uint32_t kHeader = 16;

 private:
  friend class LmdbNode;

  const std::uint8_t* bytes_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t lower_ = 0;
  std::uint32_t upper_ = 0;
  bool is_leaf_ = false;
  bool is_changed_ = false;
};

// A node of a page.
class LmdbNode {
 public:
  // Reads the page's node number `index`; false when it is not in the page, or of another kind.
  // REQUIRES: index < page.count(), and the page's header is sound
  bool Read(const LmdbPage& page, std::uint32_t index);

  std::span<const std::uint8_t> key() const { return {node_ + kHeader, key_size_}; }
  // Of a branch: the number of the child's page.
  std::uint64_t child() const;
  // Of a leaf: the value, or where is_big() the number of its first page of its own.
  const std::uint8_t* value() const { return node_ + kHeader + key_size_; }
  std::size_t value_size() const;
  bool is_big() const { return is_big_; }
  std::uint32_t begin() const { return begin_; }
  std::uint32_t end() const { return end_; }

 private:
  static constexpr std::uint32_t kHeader = 8;

  const std::uint8_t* node_ = nullptr;
  std::uint32_t key_size_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  bool is_big_ = false;
};

// Pages that a write transaction has found sound, and not changed since.
using SoundPages = std::unordered_set<std::uint64_t>;

// The pages that a transaction sees. Methods return 0, an errno value or MDB_CORRUPTED.
// REQUIRES: the transaction is not ended, nor makes a change, while one of these is in use.
class LmdbPages {
 public:
  // `file_size` is what is known of the file's size, which only grows; shared by threads. With
  // `far` leaves and rows of a large file are read into its memory, and valid as long as that says.
  // REQUIRES: `far` is given for a read transaction only
  LmdbPages(MDB_txn* txn, std::atomic<std::uint64_t>* file_size, LmdbFarPages* far = nullptr);

  // For a write transaction: `sound` is kept as long as that.
  LmdbPages(MDB_txn* txn, std::atomic<std::uint64_t>* file_size, SoundPages* sound);

  const BloscacheState& state() const { return state_; }

  // Whether the tree can be of a file of ours.
  int CheckTree(const BloscacheTree& tree, TreeKind kind) const;

  // Whether all pages are in the file: a new page gets the number behind the last one.
  int CheckCount();

  int Read(std::uint64_t number, TreeKind kind, bool is_leaf, LmdbPage* page);
  // The same, with all its nodes, for a page that LMDB is to change. One that it has changed was
  // made from sound ones. REQUIRES: for the rows, a write transaction
  int ReadWhole(std::uint64_t number, TreeKind kind, bool is_leaf, LmdbPage* page);
  int ReadValue(const LmdbNode& node, std::span<const std::uint8_t>* value);

 private:
  int Find(std::uint64_t number, std::uint64_t count, const std::uint8_t** page);
  int FindFarLeaf(std::uint64_t number, const std::uint8_t** page);
  int FindFarBranch(std::uint64_t number, const std::uint8_t** page);
  int ReadFarValue(std::uint64_t first, std::size_t size, std::span<const std::uint8_t>* value);
  bool IsValue(const std::uint8_t* page, std::uint64_t first, std::size_t size,
               bool is_in_memory) const;
  int RequireSize(std::uint64_t size);
  // Of a write transaction.
  bool IsInMemory(std::uint64_t number, const std::uint8_t* page) const {
    return far_ == nullptr && page != state_.map + number * state_.page_size;
  }

  MDB_txn* const txn_;
  std::atomic<std::uint64_t>* const file_size_;
  const BloscacheState state_;
  LmdbFarPages* const far_ = nullptr;  // none for a file that is read through the map
  SoundPages* const sound_ = nullptr;
};

template <typename Number>
Number LoadNumber(const std::uint8_t* from) {
  Number number;
  std::memcpy(&number, from, sizeof(number));
  return number;
}

// The order of the rows: as memcmp(), a prefix before what it is a prefix of.
int CompareKeys(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

}  // namespace bloscache

#endif  // BLOSCACHE_LMDB_PAGES_H_
