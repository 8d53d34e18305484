#include "lmdb_pages.h"

#include <algorithm>
#include <array>

namespace bloscache {

namespace {

// Kinds of pages.
constexpr std::uint16_t kBranch = 1;
constexpr std::uint16_t kLeaf = 2;
constexpr std::uint16_t kOverflow = 4;
constexpr std::uint16_t kDirty = 16;  // in the memory of a write transaction only

constexpr std::uint16_t kBigData = 1;  // of a leaf's node
constexpr std::uint32_t kIntegerKeys = 8;
constexpr std::uint32_t kLongestKey = 511;
constexpr std::size_t kLargestPage = 32768;
constexpr std::uint64_t kFirstPage = 2;  // behind the meta pages

bool IsKind(std::uint16_t flags, std::uint16_t kind, bool is_in_memory) {
  return flags == kind || (is_in_memory && flags == (kind | kDirty));
}

bool IsSoundKey(std::span<const std::uint8_t> key, TreeKind kind) {
  if (kind == TreeKind::kFreeList) return key.size() == sizeof(std::uint64_t);
  return !key.empty() && key.size() <= kLongestKey;
}

bool IsBefore(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, TreeKind kind) {
  if (kind == TreeKind::kRows) return CompareKeys(a, b) < 0;
  return LoadNumber<std::uint64_t>(a.data()) < LoadNumber<std::uint64_t>(b.data());
}

}  // namespace

int CompareKeys(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  const std::size_t common = std::min(a.size(), b.size());
  const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  if (order != 0) return order;
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

LmdbPage::LmdbPage(const std::uint8_t* bytes, std::size_t size, bool is_leaf)
    : bytes_(bytes),
      size_(static_cast<std::uint32_t>(size)),
      lower_(LoadNumber<std::uint16_t>(bytes + 12)),
      upper_(LoadNumber<std::uint16_t>(bytes + 14)),
      is_leaf_(is_leaf),
      is_changed_((LoadNumber<std::uint16_t>(bytes + 10) & kDirty) != 0) {}

bool LmdbPage::HasSoundHeader(std::uint64_t number, TreeKind kind, bool is_in_memory) const {
  // A branch of the free list may be left with one child (LMDB's ITS#8336).
  const std::uint32_t fewest = is_leaf_ || kind == TreeKind::kFreeList ? 1 : 2;
  return LoadNumber<std::uint64_t>(bytes_) == number &&
         IsKind(LoadNumber<std::uint16_t>(bytes_ + 10), is_leaf_ ? kLeaf : kBranch, is_in_memory) &&
         lower_ >= kHeader + 2 * fewest && lower_ % 2 == 0 && lower_ <= upper_ && upper_ <= size_;
}

bool LmdbPage::HasSoundNodes(TreeKind kind) const {
  std::array<std::uint16_t, kLargestPage / 2> ends;  // where the node that begins at 2 * i ends
  std::fill_n(ends.begin(), size_ / 2, std::uint16_t{0});
  std::span<const std::uint8_t> before;
  for (std::uint32_t i = 0; i < count(); i++) {
    LmdbNode node;
    if (!node.Read(*this, i)) return false;
    ends[node.begin() / 2] = static_cast<std::uint16_t>(node.end());
    // The first key of a branch does not count: its child begins where the branch does.
    if (!is_leaf_ && i == 0) continue;
    if (!IsSoundKey(node.key(), kind)) return false;
    if (!before.empty() && !IsBefore(before, node.key(), kind)) return false;
    before = node.key();
  }
  std::uint32_t at = upper_;
  std::uint32_t seen = 0;
  for (; at < size_ && ends[at / 2] != 0; at = ends[at / 2]) seen++;
  return at == size_ && seen == count();
}

bool LmdbPage::OutlastsRemoval(std::uint32_t index) const {
  LmdbNode node;
  if (index + 1 >= count() || !node.Read(*this, index)) return false;
  const std::uint32_t used = size_ - kHeader - (upper_ - lower_);
  const std::uint32_t taken = 2 + node.end() - node.begin();
  return used >= taken && 4 * (used - taken) >= size_;
}

bool LmdbNode::Read(const LmdbPage& page, std::uint32_t index) {
  begin_ = LoadNumber<std::uint16_t>(page.bytes_ + LmdbPage::kHeader + 2 * index);
  if (begin_ < page.upper_ || begin_ + kHeader > page.size_ || begin_ % 2 != 0) return false;
  node_ = page.bytes_ + begin_;
  key_size_ = LoadNumber<std::uint16_t>(node_ + 6);
  std::uint64_t length = kHeader + key_size_;
  if (page.is_leaf_) {
    const auto flags = LoadNumber<std::uint16_t>(node_ + 4);
    if ((flags & ~kBigData) != 0) return false;
    is_big_ = flags == kBigData;
    length += is_big_ ? sizeof(std::uint64_t) : value_size();
  }
  length += length % 2;
  end_ = begin_ + static_cast<std::uint32_t>(std::min<std::uint64_t>(length, kLargestPage));
  return end_ <= page.size_;
}

std::uint64_t LmdbNode::child() const {
  return LoadNumber<std::uint32_t>(node_) | std::uint64_t{LoadNumber<std::uint16_t>(node_ + 4)}
                                                << 32;
}

std::size_t LmdbNode::value_size() const { return LoadNumber<std::uint32_t>(node_); }

LmdbPages::LmdbPages(MDB_txn* txn, std::atomic<std::uint64_t>* file_size, LmdbFarPages* far)
    : txn_(txn),
      file_size_(file_size),
      state_(BloscacheStateOf(txn)),
      far_(far != nullptr && far->HaveFileOf(state_) ? far : nullptr) {}

LmdbPages::LmdbPages(MDB_txn* txn, std::atomic<std::uint64_t>* file_size, SoundPages* sound)
    : txn_(txn), file_size_(file_size), state_(BloscacheStateOf(txn)), sound_(sound) {}

int LmdbPages::CheckTree(const BloscacheTree& tree, TreeKind kind) const {
  const bool is_empty = tree.root == BLOSCACHE_NO_PAGE;
  const std::uint32_t flags = kind == TreeKind::kFreeList ? kIntegerKeys : 0;
  const bool is_sound = tree.flags == flags && tree.depth <= kMaxDepth &&
                        (tree.depth == 0) == is_empty && state_.page_size <= kLargestPage;
  return is_sound ? 0 : MDB_CORRUPTED;
}

int LmdbPages::CheckCount() {
  if (state_.page_count < kFirstPage) return MDB_CORRUPTED;
  if (state_.page_count > UINT64_MAX / state_.page_size) return MDB_CORRUPTED;
  return RequireSize(state_.page_count * state_.page_size);
}

int LmdbPages::Read(std::uint64_t number, TreeKind kind, bool is_leaf, LmdbPage* page) {
  const std::uint8_t* bytes = nullptr;
  const int code = far_ == nullptr ? Find(number, 1, &bytes)
                   : is_leaf       ? FindFarLeaf(number, &bytes)
                                   : FindFarBranch(number, &bytes);
  if (code != 0) return code;
  *page = LmdbPage(bytes, state_.page_size, is_leaf);
  return page->HasSoundHeader(number, kind, IsInMemory(number, bytes)) ? 0 : MDB_CORRUPTED;
}

int LmdbPages::ReadWhole(std::uint64_t number, TreeKind kind, bool is_leaf, LmdbPage* page) {
  if (const int code = Read(number, kind, is_leaf, page); code != 0) return code;
  if (sound_ != nullptr && (page->is_changed() || sound_->contains(number))) return 0;
  if (!page->HasSoundNodes(kind)) return MDB_CORRUPTED;
  if (sound_ != nullptr) sound_->insert(number);
  return 0;
}

int LmdbPages::ReadValue(const LmdbNode& node, std::span<const std::uint8_t>* value) {
  const std::size_t size = node.value_size();
  if (!node.is_big()) {
    *value = {node.value(), size};
    return 0;
  }
  const auto first = LoadNumber<std::uint64_t>(node.value());
  if (far_ != nullptr && LmdbPage::kHeader + size <= LmdbFarPages::kLongest) {
    return ReadFarValue(first, size, value);
  }
  const std::uint8_t* bytes = nullptr;
  if (const int code = Find(first, 1, &bytes); code != 0) return code;
  if (!IsValue(bytes, first, size, IsInMemory(first, bytes))) return MDB_CORRUPTED;
  const std::uint64_t count = LoadNumber<std::uint32_t>(bytes + 12);
  if (const int code = Find(first, count, &bytes); code != 0) return code;
  *value = {bytes + LmdbPage::kHeader, size};
  return 0;
}

int LmdbPages::ReadFarValue(std::uint64_t first, std::size_t size,
                            std::span<const std::uint8_t>* value) {
  if (first < kFirstPage || first >= state_.page_count) return MDB_CORRUPTED;
  const std::uint8_t* bytes = nullptr;
  const std::size_t length = LmdbPage::kHeader + size;
  const int code = far_->ReadRow(txn_, state_, first, length, &bytes);
  if (code != 0) return code;
  if (!IsValue(bytes, first, size, false)) return MDB_CORRUPTED;
  *value = {bytes + LmdbPage::kHeader, size};
  return 0;
}

// Whether the header is that of a row's first page, of as many as the row takes.
bool LmdbPages::IsValue(const std::uint8_t* page, std::uint64_t first, std::size_t size,
                        bool is_in_memory) const {
  const auto flags = LoadNumber<std::uint16_t>(page + 10);
  const std::uint64_t count = LoadNumber<std::uint32_t>(page + 12);
  return LoadNumber<std::uint64_t>(page) == first && IsKind(flags, kOverflow, is_in_memory) &&
         LmdbPage::kHeader + size <= count * state_.page_size && count <= state_.page_count - first;
}

int LmdbPages::FindFarLeaf(std::uint64_t number, const std::uint8_t** page) {
  if (number < kFirstPage || number >= state_.page_count) return MDB_CORRUPTED;
  return far_->ReadLeaf(txn_, state_, number, page);
}

int LmdbPages::FindFarBranch(std::uint64_t number, const std::uint8_t** page) {
  if (number < kFirstPage || number >= state_.page_count) return MDB_CORRUPTED;
  *page = far_->FindBranch(state_, number);
  if (*page != nullptr) return 0;
  if (const int code = Find(number, 1, page); code != 0) return code;
  far_->KeepBranch(state_, number, *page);
  return 0;
}

int LmdbPages::Find(std::uint64_t number, std::uint64_t count, const std::uint8_t** page) {
  const std::uint64_t all = state_.page_count;
  if (number < kFirstPage || number >= all || count > all - number) return MDB_CORRUPTED;
  // Other pages the file has room for, or they are in memory.
  *page = BloscachePage(txn_, number);
  if (*page == nullptr) return MDB_CORRUPTED;
  if (IsInMemory(number, *page)) return 0;
  return RequireSize((number + count) * state_.page_size);
}

int LmdbPages::RequireSize(std::uint64_t size) {
  if (size <= file_size_->load(std::memory_order_relaxed)) return 0;
  std::uint64_t now = 0;
  if (const int code = BloscacheFileSize(txn_, &now); code != 0) return code;
  file_size_->store(now, std::memory_order_relaxed);
  return size <= now ? 0 : MDB_CORRUPTED;
}

}  // namespace bloscache
