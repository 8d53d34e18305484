#include "lmdb_far_pages.h"

#include <cerrno>
#include <cstring>
#include <new>

namespace bloscache {

namespace {

// Null when there is no memory: an exception would leave a transaction open.
template <typename Item>
std::unique_ptr<Item[]> Allocate(std::size_t count) {
  return std::unique_ptr<Item[]>(new (std::nothrow) Item[count]);
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
  return ReadTo(&leaves_[turn_], txn, number * state.page_size, state.page_size, bytes);
}

int LmdbFarPages::ReadRow(MDB_txn* txn, const BloscacheState& state, std::uint64_t first,
                          std::size_t size, const std::uint8_t** bytes) {
  return ReadTo(&row_, txn, first * state.page_size, size, bytes);
}

int LmdbFarPages::ReadTo(Buffer* buffer, MDB_txn* txn, std::uint64_t offset, std::size_t size,
                         const std::uint8_t** bytes) {
  if (*buffer == nullptr) *buffer = Allocate<std::uint8_t>(kLongest);
  if (*buffer == nullptr) return ENOMEM;
  *bytes = buffer->get();
  return BloscacheReadFile(txn, offset, buffer->get(), size);
}

std::size_t LmdbFarPages::PlaceOf(std::uint64_t number) {
  constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;
  return static_cast<std::size_t>((number * kGoldenRatio) >> (64 - kPlaceBits));
}

const std::uint8_t* LmdbFarPages::FindBranch(const BloscacheState& state,
                                             std::uint64_t number) const {
  if (places_ == nullptr || branches_ == nullptr) return nullptr;
  const std::size_t i = PlaceOf(number);
  const bool is_kept = places_[i].number == number && places_[i].transaction == state.transaction;
  return is_kept ? branches_.get() + i * state.page_size : nullptr;
}

void LmdbFarPages::KeepBranch(const BloscacheState& state, std::uint64_t number,
                              const std::uint8_t* bytes) {
  if (places_ == nullptr) {
    places_ = Allocate<Place>(std::size_t{1} << kPlaceBits);
    branches_ = Allocate<std::uint8_t>(state.page_size << kPlaceBits);
  }
  if (places_ == nullptr || branches_ == nullptr) return;
  const std::size_t i = PlaceOf(number);
  if (places_[i].transaction == state.transaction) return;
  places_[i] = {state.transaction, number};
  std::memcpy(branches_.get() + i * state.page_size, bytes, state.page_size);
}

}  // namespace bloscache
