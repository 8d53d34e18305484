#include "lmdb_free_list.h"

#include <cstddef>
#include <span>
#include <vector>

#include "lmdb_pages.h"

namespace bloscache {

namespace {

class FreeListWalk {
 public:
  FreeListWalk(MDB_txn* txn, std::atomic<std::uint64_t>* file_size) : pages_(txn, file_size) {}

  int Run() {
    const BloscacheTree& tree = pages_.state().free_list;
    if (const int code = pages_.CheckCount(); code != 0) return code;
    if (const int code = pages_.CheckTree(tree, TreeKind::kFreeList); code != 0) return code;
    claimed_.resize(static_cast<std::size_t>(pages_.state().page_count));
    return tree.depth == 0 ? 0 : Walk(tree.root, 1);
  }

 private:
  int Walk(std::uint64_t number, std::uint32_t level) {
    const bool is_leaf = level == pages_.state().free_list.depth;
    LmdbPage page;
    const int code = pages_.ReadWhole(number, TreeKind::kFreeList, is_leaf, &page);
    if (code != 0) return code;
    if (!Claim(number)) return MDB_CORRUPTED;
    for (std::uint32_t i = 0; i < page.count(); i++) {
      LmdbNode node;
      if (!node.Read(page, i)) return MDB_CORRUPTED;
      const int below = is_leaf ? CheckRecord(node) : Walk(node.child(), level + 1);
      if (below != 0) return below;
    }
    return 0;
  }

  // Pages that a transaction freed: how many u64, then their numbers u64, falling.
  int CheckRecord(const LmdbNode& node) {
    const auto transaction = LoadNumber<std::uint64_t>(node.key().data());
    // Records in order, over all leaves: LMDB removes them from the first to the last it has read.
    if (transaction <= last_transaction_) return MDB_CORRUPTED;
    if (transaction >= pages_.state().transaction) return MDB_CORRUPTED;
    last_transaction_ = transaction;
    std::span<const std::uint8_t> list;
    if (const int code = pages_.ReadValue(node, &list); code != 0) return code;
    if (list.size() % 8 != 0 || list.empty()) return MDB_CORRUPTED;
    // There may be room for more: LMDB reserves it before it knows.
    const auto count = LoadNumber<std::uint64_t>(list.data());
    if (count > list.size() / 8 - 1) return MDB_CORRUPTED;
    std::uint64_t before = UINT64_MAX;
    for (std::size_t i = 1; i <= count; i++) {
      const auto number = LoadNumber<std::uint64_t>(list.data() + 8 * i);
      if (number >= before || !Claim(number)) return MDB_CORRUPTED;
      before = number;
    }
    return 0;
  }

  bool Claim(std::uint64_t number) {
    if (number < 2 || number >= claimed_.size() || claimed_[number]) return false;
    claimed_[number] = true;
    return true;
  }

  LmdbPages pages_;
  std::vector<bool> claimed_;
  std::uint64_t last_transaction_ = 0;
};

}  // namespace

int CheckFreeList(MDB_txn* txn, std::atomic<std::uint64_t>* file_size) {
  return FreeListWalk(txn, file_size).Run();
}

}  // namespace bloscache
