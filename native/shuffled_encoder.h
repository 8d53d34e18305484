// Chunks of LZ4 and BloscLZ behind the byte shuffle, compressed to the very bytes of C-Blosc.
//
// C-Blosc takes memory for each chunk anew and gives it back, which its callers' threads do in each
// other's way: 80 MB of 0, 1, 2, … in chunks of 512 KiB take it 12 ms by one thread and 15 by two.
// Here every thread keeps its memory, and two take 6 ms. The codecs are those of the linked
// C-Blosc, so it must have been built from its sources. Only with GCC or Clang, on processors with
// AVX2; elsewhere there are no encoders.

#ifndef BLOSCACHE_SHUFFLED_ENCODER_H_
#define BLOSCACHE_SHUFFLED_ENCODER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "blosc_chunk.h"

namespace bloscache {

// May be used from several threads without external synchronization.
class ShuffledEncoder {
 public:
  // An encoder for chunks of `nbytes`, if their kind is known here. Throws std::bad_alloc.
  static std::optional<ShuffledEncoder> For(const CodecOptions& options, std::size_t nbytes);

  std::size_t nbytes() const { return header_.nbytes; }

  // As CompressChunk(), which cannot fail here. Throws std::bad_alloc.
  // REQUIRES: plain.size() == nbytes(); slot.size() >= nbytes() + kMaxOverhead.
  std::uint32_t Compress(std::span<const std::uint8_t> plain, std::span<std::uint8_t> slot) const;

 private:
  // `header` is that of a chunk which C-Blosc compressed.
  ShuffledEncoder(const ChunkHeader& header, int clevel) : header_(header), clevel_(clevel) {}

  // Where the block ends that is compressed to `slot` from `position` on; 0 if it does not fit.
  std::size_t CompressBlock(std::span<const std::uint8_t> plain, std::span<std::uint8_t> slot,
                            std::size_t position) const;

  ChunkHeader header_;
  int clevel_;
};

}  // namespace bloscache

#endif  // BLOSCACHE_SHUFFLED_ENCODER_H_
