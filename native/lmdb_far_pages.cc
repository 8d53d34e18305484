#include "lmdb_far_pages.h"

#include <cstring>

namespace bloscache {

namespace {

std::unique_ptr<std::uint8_t[]> Allocate(std::size_t size) {
  return std::make_unique_for_overwrite<std::uint8_t[]>(size);
}

}  // namespace

bool LmdbFarPages::HaveFileOf(const BloscacheState& state) const {
#ifdef _WIN32
  // Whether a read sees at once what is in the map is not promised there.
  return false;
#else
  return state.page_count * state.page_size > near_size_;
#endif
}

int LmdbFarPages::ReadLeaf(MDB_txn* txn, const BloscacheState& state, std::uint64_t number,
                           const std::uint8_t** bytes) {
  turn_ = 1 - turn_;
  Buffer& leaf = leaves_[turn_];
  if (leaf == nullptr) leaf = Allocate(kLongest);
  *bytes = leaf.get();
  return BloscacheReadFile(txn, number * state.page_size, leaf.get(), state.page_size);
}

int LmdbFarPages::ReadRow(MDB_txn* txn, const BloscacheState& state, std::uint64_t first,
                          std::size_t size, const std::uint8_t** bytes) {
  if (row_ == nullptr) row_ = Allocate(kLongest);
  *bytes = row_.get();
  return BloscacheReadFile(txn, first * state.page_size, row_.get(), size);
}

std::size_t LmdbFarPages::PlaceOf(std::uint64_t number) {
  constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;
  return static_cast<std::size_t>((number * kGoldenRatio) >> (64 - kPlaceBits));
}

const std::uint8_t* LmdbFarPages::FindBranch(const BloscacheState& state,
                                             std::uint64_t number) const {
  if (places_ == nullptr) return nullptr;
  const std::size_t i = PlaceOf(number);
  const bool is_kept = places_[i].number == number && places_[i].transaction == state.transaction;
  return is_kept ? branches_.get() + i * state.page_size : nullptr;
}

void LmdbFarPages::KeepBranch(const BloscacheState& state, std::uint64_t number,
                              const std::uint8_t* bytes) {
  if (places_ == nullptr) {
    places_ = std::make_unique<Place[]>(std::size_t{1} << kPlaceBits);
    branches_ = Allocate(state.page_size << kPlaceBits);
  }
  const std::size_t i = PlaceOf(number);
  if (places_[i].transaction == state.transaction) return;
  places_[i] = {state.transaction, number};
  std::memcpy(branches_.get() + i * state.page_size, bytes, state.page_size);
}

}  // namespace bloscache
