// Chunks of LZ4 and BloscLZ behind the byte shuffle, decoded without C-Blosc: past the processor's
// caches, or for a few items alone.
//
// C-Blosc unshuffles into the result by ordinary stores. For a result that is larger than the
// caches each of these first reads the line that it overwrites from memory; a streaming store does
// not. 80 MB of 0, 1, 2, … into warm memory take 6.4 ms by two threads, and 12.5 ms by
// blosc_decompress_ctx(); memcpy() of the plain bytes takes 6.2 ms there. Whoever reads the result
// next does so in 7.5 ms after either. And splits that are stored raw are unshuffled from where
// they are, without a copy.
//
// For one item C-Blosc decodes and unshuffles a whole block, 1 MiB at level 5. Its bytes are one of
// each split: those that are stored raw need no decoding, and nothing is unshuffled. (Decoding LZ4
// only as far as the item takes longer: LZ4_decompress_safe_partial() is slow where data repeats.)
//
// The codecs are those of the linked C-Blosc, so it must have been built from its sources.
// Streaming takes GCC or Clang and a processor with AVX2 as well.

#ifndef BLOSCACHE_SHUFFLED_CHUNK_H_
#define BLOSCACHE_SHUFFLED_CHUNK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "blosc_chunk.h"

namespace bloscache {

// Below this many plain bytes the caches hold a result, and whoever reads it next finds it there.
inline constexpr std::size_t kMinStreamedBytes = std::size_t{8} << 20;

// Whether DecompressStreamed() knows this kind of chunk, on this processor, at this address.
bool CanStream(const ChunkHeader& header, std::span<const std::uint8_t> plain);

// As DecompressChunk(). Throws std::bad_alloc.
// REQUIRES: CanStream(header, plain), and what DecompressChunk() requires.
ChunkStatus DecompressStreamed(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                               std::span<std::uint8_t> plain);

// Above this many bytes unshuffling them one by one takes longer than a whole block.
inline constexpr std::size_t kMaxPartBytes = std::size_t{16} << 10;

// Whether PartDecoder knows this kind of chunk.
bool CanDecodeParts(const ChunkHeader& header);

// Where the first, second, … bytes of all items of a block are.
using Planes = std::array<const std::uint8_t*, 16>;

// Parts of one chunk, decoded block by block. The last block is kept, in memory of the thread that
// the next decoding of a chunk there takes.
class PartDecoder {
 public:
  // REQUIRES: CanDecodeParts(header); `chunk` passed ValidateChunkBody().
  PartDecoder(const ChunkHeader& header, std::span<const std::uint8_t> chunk)
      : header_(header), chunk_(chunk) {}

  // As DecompressPart(). Throws std::bad_alloc.
  // REQUIRES: start + plain.size() <= header.nbytes; no other chunk was decoded by this thread
  // since the constructor.
  ChunkStatus Decode(std::size_t start, std::span<std::uint8_t> plain);

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  const ChunkHeader header_;
  const std::span<const std::uint8_t> chunk_;
  std::size_t block_ = kNone;  // whose planes these are
  Planes planes_ = {};
};

}  // namespace bloscache

#endif  // BLOSCACHE_SHUFFLED_CHUNK_H_
