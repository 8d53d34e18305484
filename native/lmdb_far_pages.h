// Pages of a large LMDB file, read otherwise than through the map.
//
// A page that the process has not touched yet takes a page fault in the map: longer than to read it
// by a call of the system, and a dozen others around it become resident. Of a large file nearly all
// leaves and rows are such. Branches are few; copies of them lie close together, so that the
// processor finds their addresses sooner.

#ifndef BLOSCACHE_LMDB_FAR_PAGES_H_
#define BLOSCACHE_LMDB_FAR_PAGES_H_

#include <lmdb.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "lmdb_internals.h"

namespace bloscache {

// Memory for what one reader reads. For one thread.
class LmdbFarPages {
 public:
  // A row that is longer, with its page's header, is read through the map.
  static constexpr std::size_t kLongest = std::size_t{64} << 10;

  // Files of up to `near_size` bytes are read through the map.
  explicit LmdbFarPages(std::uint64_t near_size) : near_size_(near_size) {}

  // Whether a transaction sees a file that is read here.
  bool HaveFileOf(const BloscacheState& state) const;

  // Reads so many bytes from the start of a page. `*bytes` is valid for one more call, that of
  // ReadRow() until its next one. 0, an errno value, or MDB_CORRUPTED where the file is shorter.
  // REQUIRES: size <= kLongest
  int ReadLeaf(MDB_txn* txn, const BloscacheState& state, std::uint64_t number,
               const std::uint8_t** bytes);
  int ReadRow(MDB_txn* txn, const BloscacheState& state, std::uint64_t first, std::size_t size,
              const std::uint8_t** bytes);

  // The copy of a branch as the transaction sees it; null if there is none.
  const std::uint8_t* FindBranch(const BloscacheState& state, std::uint64_t number) const;
  // Copies a branch, unless another one of the transaction has its place.
  void KeepBranch(const BloscacheState& state, std::uint64_t number, const std::uint8_t* bytes);

 private:
  using Buffer = std::unique_ptr<std::uint8_t[]>;

  struct Place {
    std::uint64_t transaction = 0;
    std::uint64_t number = 0;
  };

  static constexpr unsigned kPlaceBits = 11;  // 8 MiB, if all are taken

  static int ReadTo(Buffer* buffer, MDB_txn* txn, std::uint64_t offset, std::size_t size,
                    const std::uint8_t** bytes);
  static std::size_t PlaceOf(std::uint64_t number);

  const std::uint64_t near_size_;
  std::array<Buffer, 2> leaves_;  // in turn: who goes to the next leaf compares it with the last
  std::size_t turn_ = 0;
  Buffer row_;
  std::unique_ptr<Place[]> places_;
  Buffer branches_;
};

}  // namespace bloscache

#endif  // BLOSCACHE_LMDB_FAR_PAGES_H_
