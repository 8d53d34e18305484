// Chunks of LZ4 and BloscLZ behind the byte shuffle, decoded past the processor's caches.
//
// C-Blosc unshuffles into the result by ordinary stores. For a result that is larger than the
// caches each of these first reads the line that it overwrites from memory; a streaming store does
// not. 80 MB of 0, 1, 2, … into warm memory take 6.4 ms by two threads, and 12.5 ms by
// blosc_decompress_ctx(); memcpy() of the plain bytes takes 6.2 ms there. And splits that are
// stored raw are unshuffled from where they are, without a copy.
//
// The codecs are those of the linked C-Blosc. Only with GCC or Clang, on processors with AVX2, and
// when C-Blosc was built from its sources; elsewhere nothing is decoded here.

#ifndef BLOSCACHE_STREAMED_CHUNK_H_
#define BLOSCACHE_STREAMED_CHUNK_H_

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

}  // namespace bloscache

#endif  // BLOSCACHE_STREAMED_CHUNK_H_
