#include "lmdb_tree.h"

namespace bloscache {

int LmdbTree::Get(std::span<const std::uint8_t> key, std::span<const std::uint8_t>* row) {
  if (key.empty()) return MDB_BAD_VALSIZE;
  if (const int code = Descend(key, Extent::kTouched); code != 0) return code;
  bool is_there = false;
  if (const int code = ReadRow(&is_there); code != 0) return code;
  if (!is_there || CompareKeys(node_.key(), key) != 0) return MDB_NOTFOUND;
  return Row(row);
}

int LmdbTree::Seek(std::span<const std::uint8_t> key) {
  if (const int code = Descend(key, Extent::kTouched); code != 0) return code;
  bool is_there = false;
  if (const int code = ReadRow(&is_there); code != 0) return code;
  if (!is_there) return NextLeaf();
  return 0;
}

int LmdbTree::Next() {
  const auto before = key();
  levels_[depth_ - 1].index++;
  bool is_there = false;
  if (const int code = ReadRow(&is_there); code != 0) return code;
  if (!is_there) {
    if (const int code = NextLeaf(); code != 0) return code;
  }
  return CompareKeys(before, key()) < 0 ? 0 : MDB_CORRUPTED;
}

// Goes from the root to the leaf of `key`, and there to the first row that is not before it, or
// behind the last one.
int LmdbTree::Descend(std::span<const std::uint8_t> key, Extent extent) {
  const BloscacheTree& rows = pages_.state().rows;
  depth_ = 0;
  if (const int code = pages_.CheckTree(rows, TreeKind::kRows); code != 0) return code;
  if (rows.depth == 0) return MDB_NOTFOUND;
  if (const int code = Enter(rows.root, extent); code != 0) return code;
  for (;;) {
    if (const int code = Place(key); code != 0) return code;
    if (depth_ == rows.depth) return 0;
    if (const int code = EnterChild(extent); code != 0) return code;
  }
}

int LmdbTree::Enter(std::uint64_t number, Extent extent) {
  const bool is_leaf = depth_ + 1 == pages_.state().rows.depth;
  Level& level = levels_[depth_++];
  level.index = 0;
  return extent == Extent::kWhole ? pages_.ReadWhole(number, TreeKind::kRows, is_leaf, &level.page)
                                  : pages_.Read(number, TreeKind::kRows, is_leaf, &level.page);
}

int LmdbTree::EnterChild(Extent extent) {
  const Level& parent = levels_[depth_ - 1];
  LmdbNode node;
  if (!node.Read(parent.page, parent.index)) return MDB_CORRUPTED;
  return Enter(node.child(), extent);
}

// In a leaf: the first key that is not before `key`; in a branch: the last one that is not behind
// it, where the first key does not count.
int LmdbTree::Place(std::span<const std::uint8_t> key) {
  Level& level = levels_[depth_ - 1];
  const bool is_leaf = level.page.is_leaf();
  std::uint32_t low = is_leaf ? 0 : 1;
  std::uint32_t high = level.page.count();
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    LmdbNode node;
    if (!node.Read(level.page, middle)) return MDB_CORRUPTED;
    const int order = CompareKeys(node.key(), key);
    if (order < 0 || (!is_leaf && order == 0)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  level.index = is_leaf ? low : low - 1;
  return 0;
}

// Reads the node at this place, if it is not behind the last one of its leaf.
int LmdbTree::ReadRow(bool* is_there) {
  const Level& leaf = levels_[depth_ - 1];
  *is_there = leaf.index < leaf.page.count();
  return !*is_there || node_.Read(leaf.page, leaf.index) ? 0 : MDB_CORRUPTED;
}

int LmdbTree::NextLeaf() {
  const std::uint32_t all = depth_;
  do {
    if (--depth_ == 0) return MDB_NOTFOUND;
  } while (++levels_[depth_ - 1].index >= levels_[depth_ - 1].page.count());
  while (depth_ < all) {
    if (const int code = EnterChild(Extent::kTouched); code != 0) return code;
  }
  bool is_there = false;
  return ReadRow(&is_there);
}

int LmdbTree::CheckPut(std::span<const std::uint8_t> key) {
  bool is_there = false;
  return CheckPath(key, &is_there);
}

int LmdbTree::CheckDelete(std::span<const std::uint8_t> key) {
  bool is_there = false;
  if (const int code = CheckPath(key, &is_there); code != 0 || !is_there) return code;
  const Level& leaf = levels_[depth_ - 1];
  if (leaf.page.OutlastsRemoval(leaf.index)) return 0;
  // A page that has become empty is merged with one beside it, or gets a node of it; and of pages
  // that move LMDB looks up the first key.
  for (std::uint32_t parent = 0; parent + 1 < levels_.size() && parent + 1 < depth_; parent++) {
    if (const int code = CheckNeighbours(parent); code != 0) return code;
  }
  return 0;
}

// Checks the pages from the root to the leaf of `key`, and those of its row.
int LmdbTree::CheckPath(std::span<const std::uint8_t> key, bool* is_there) {
  *is_there = false;
  const int code = Descend(key, Extent::kWhole);
  if (code != 0) return code == MDB_NOTFOUND ? 0 : code;
  if (const int read = ReadRow(is_there); read != 0) return read;
  *is_there = *is_there && CompareKeys(node_.key(), key) == 0;
  std::span<const std::uint8_t> row;
  return *is_there ? Row(&row) : 0;
}

// Checks the pages on both sides of the one on the path, below the level `parent`.
int LmdbTree::CheckNeighbours(std::uint32_t parent) {
  const std::uint32_t own = levels_[parent].index;
  const std::uint32_t last = levels_[parent].page.count() - 1;
  for (std::uint32_t i = own == 0 ? 0 : own - 1; i <= own + 1 && i <= last; i++) {
    if (const int code = CheckLowest(parent, i); code != 0) return code;
  }
  return 0;
}

// Checks the pages from child number `index` of the page at the level `parent` to its first leaf.
int LmdbTree::CheckLowest(std::uint32_t parent, std::uint32_t index) {
  LmdbPage page = levels_[parent].page;
  for (std::uint32_t level = parent + 1; level < pages_.state().rows.depth; level++) {
    LmdbNode node;
    if (!node.Read(page, index)) return MDB_CORRUPTED;
    const bool is_leaf = level + 1 == pages_.state().rows.depth;
    const int code = pages_.ReadWhole(node.child(), TreeKind::kRows, is_leaf, &page);
    if (code != 0) return code;
    index = 0;
  }
  return 0;
}

}  // namespace bloscache
