// The padding that MD5 and the SHA family share (RFC 1321 section 3.1, FIPS 180-4 section 5.1):
// a byte 0x80, zeros, and the message's length in bits at the end of the last block.

#ifndef BLOSCACHE_PADDED_BLOCKS_H_
#define BLOSCACHE_PADDED_BLOCKS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace bloscache {

enum class ByteOrder { kLittle, kBig };

// Calls `take(const std::uint8_t* block)` for each block of the padded message, in order.
// `kLengthSize` bytes of the last block are for the length, of which we only need the low 8.
template <std::size_t kBlockSize, std::size_t kLengthSize, ByteOrder kOrder, typename Take>
void ForEachPaddedBlock(std::span<const std::uint8_t> message, Take take) {
  const std::size_t rest = message.size() % kBlockSize;
  const std::uint8_t* const tail = message.data() + (message.size() - rest);
  for (const std::uint8_t* at = message.data(); at != tail; at += kBlockSize) take(at);

  std::array<std::uint8_t, 2 * kBlockSize> last = {};
  if (rest > 0) std::memcpy(last.data(), tail, rest);
  last[rest] = 0x80;
  const std::size_t end = rest + 1 + kLengthSize <= kBlockSize ? kBlockSize : 2 * kBlockSize;
  const std::uint64_t bits = std::uint64_t{message.size()} * 8;
  for (std::size_t i = 0; i < 8; ++i) {
    const std::size_t at = kOrder == ByteOrder::kBig ? end - 1 - i : end - 8 + i;
    last[at] = static_cast<std::uint8_t>(bits >> (8 * i));
  }
  for (std::size_t at = 0; at < end; at += kBlockSize) take(last.data() + at);
}

}  // namespace bloscache

#endif  // BLOSCACHE_PADDED_BLOCKS_H_
