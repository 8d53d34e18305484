// XXH64 under two seeds at once, for keys (src/store/hash.ts): each word is read once and takes
// three multiplications, not four. Defined by
// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
//
// No defence against forged collisions.

#ifndef BLOSCACHE_XXHASH64_H_
#define BLOSCACHE_XXHASH64_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bloscache {

// A stream and its two digests. Trivially copyable: JavaScript keeps it between calls.
class Xxh64Pair {
 public:
  static constexpr std::size_t kDigestSize = 16;

  void Update(std::span<const std::uint8_t> bytes);

  // XXH64 of all bytes so far, under the first seed and then under the second, each big-endian.
  // More bytes may follow.
  void Digest(std::span<std::uint8_t, kDigestSize> digest) const;

 private:
  static constexpr std::size_t kStripe = 32;
  static constexpr std::size_t kBlock = 16 * 1024;  // stays in the first-level cache

  static constexpr std::array<std::uint64_t, 2> kSeeds = {0, 0x9e3779b97f4a7c15};

  using Lanes = std::array<std::uint64_t, 4>;

  std::uint64_t Finish(std::size_t n) const;
  template <std::size_t kLane>
  void TakeLanes(std::span<const std::uint8_t> stripes, std::size_t ahead);
  // REQUIRES: stripes.size() is a multiple of kStripe.
  void TakeStripes(std::span<const std::uint8_t> stripes);

  std::uint64_t total_ = 0;
  std::array<Lanes, 2> lanes_ = {};              // begin with the first byte
  std::array<std::uint8_t, kStripe> rest_ = {};  // the first total_ % kStripe bytes of it
};

}  // namespace bloscache

#endif  // BLOSCACHE_XXHASH64_H_
