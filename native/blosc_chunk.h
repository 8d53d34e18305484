// One chunk: a complete Blosc 1 buffer, 16 header bytes and a body, as C-Blosc writes it.
//
//   0 version | 1 versionlz | 2 flags | 3 typesize | 4 nbytes | 8 blocksize | 12 cbytes | body
//
// Integers are 32-bit little-endian. Unless the "memcpyed" flag is set the body is one block start
// (counted from the chunk's first byte) per block, then the blocks; a block is one or `typesize`
// splits, each a 32-bit length and that many bytes.
//
// C-Blosc trusts the header's cbytes, and in 1.21 the bytes of a blosclz body (Blosc/c-blosc#405).
// So chunks are checked here first, and only then handed over.
//
// All functions may be called from any thread without synchronization: they use the `_ctx`
// functions of C-Blosc with one thread each, which have no global state.

#ifndef BLOSCACHE_BLOSC_CHUNK_H_
#define BLOSCACHE_BLOSC_CHUNK_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "status.h"

namespace bloscache {

inline constexpr std::size_t kChunkHeaderSize = 16;    // BLOSC_MIN_HEADER_LENGTH
inline constexpr std::size_t kMaxOverhead = 16;        // BLOSC_MAX_OVERHEAD
inline constexpr std::size_t kMaxNbytes = 2147483631;  // BLOSC_MAX_BUFFERSIZE

// The most that CompressChunk() takes: C-Blosc 1.21 adds a block to the size in 32 bits, and for
// sizes near the limit writes beyond its buffer.
inline constexpr std::size_t kMaxCompressNbytes = kMaxNbytes - (std::size_t{64} << 20);

inline std::uint32_t LoadU32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8 |
         static_cast<std::uint32_t>(at[2]) << 16 | static_cast<std::uint32_t>(at[3]) << 24;
}

struct CodecOptions {
  std::string cname;
  int clevel = 5;
  int shuffle = 1;
  std::size_t typesize = 1;
};

struct ChunkHeader {
  std::uint8_t version, versionlz, flags, typesize;
  std::uint32_t nbytes, blocksize, cbytes;

  bool memcpyed() const { return (flags & 0x02) != 0; }
  bool dont_split() const { return (flags & 0x10) != 0; }
  unsigned codec() const { return flags >> 5; }
};

// Names of the codecs of the linked C-Blosc, separated by commas.
//
// C-Blosc makes this list, and chooses its shuffle functions, on first use and without a lock. The
// first call of this function does both: REQUIRES: it has returned once before any other is called.
const std::string& LinkedCodecs();

// REQUIRES: stored.size() >= kChunkHeaderSize.
ChunkHeader ReadChunkHeader(std::span<const std::uint8_t> stored);

// The number of splits of a block, of the last one if it is `leftover`, shorter than the others;
// the rule of blosc_d() in C-Blosc.
std::uint32_t SplitCount(const ChunkHeader& header, bool leftover);

// Whether a writer can have written these fields: kOk or kBadChunkHeader.
ChunkStatus ValidateChunkHeader(const ChunkHeader& header);

// Whether every block start and every split's length stays inside the chunk: kOk or kDecompress.
// REQUIRES: `chunk` is the cbytes bytes of a chunk whose `header` is valid.
ChunkStatus ValidateChunkBody(const ChunkHeader& header, std::span<const std::uint8_t> chunk);

// Decompresses a chunk into `plain`: kOk or kDecompress. On failure `plain` holds anything.
// REQUIRES: `chunk` passed ValidateChunkBody(); plain.size() == header.nbytes.
ChunkStatus DecompressChunk(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                            std::span<std::uint8_t> plain);

// Decompresses those plain.size() of the chunk's plain bytes that begin at `start`, and only the
// blocks that hold them: kOk or kDecompress. On failure `plain` holds anything. Throws
// std::bad_alloc.
// REQUIRES: as DecompressChunk(), but start + plain.size() <= header.nbytes.
ChunkStatus DecompressPart(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                           std::size_t start, std::span<std::uint8_t> plain);

// Compresses `plain` to the start of `slot` and stores the chunk's size in `*cbytes`.
// REQUIRES: plain.size() <= kMaxCompressNbytes; slot.size() >= plain.size() + kMaxOverhead.
ChunkStatus CompressChunk(const CodecOptions& options, std::span<const std::uint8_t> plain,
                          std::span<std::uint8_t> slot, std::uint32_t* cbytes);

}  // namespace bloscache

#endif  // BLOSCACHE_BLOSC_CHUNK_H_
