#include "blosc_chunk.h"

#include <blosc.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

namespace bloscache {

namespace {

static_assert(kChunkHeaderSize == BLOSC_MIN_HEADER_LENGTH);
static_assert(kMaxOverhead == BLOSC_MAX_OVERHEAD);
static_assert(kMaxNbytes == BLOSC_MAX_BUFFERSIZE);

constexpr unsigned kReservedFlag = 0x08;
constexpr std::uint32_t kMaxSplits = 16;          // C-Blosc's MAX_SPLITS
constexpr std::uint32_t kMinSplitElements = 128;  // C-Blosc's MIN_BUFFERSIZE

// A run of 0xFF bytes wraps the match length of blosclz_decompress() past 2^31 when it is
// 8,421,505 bytes long (Blosc/c-blosc#405). No writer makes blosclz blocks of above 4 MiB.
constexpr std::uint32_t kMaxBlosclzBlocksize = 8u << 20;

ChunkStatus BadHeader(std::string reason) {
  return ChunkStatus::Fault(Status::kBadChunkHeader, std::move(reason));
}

ChunkStatus BadBody(std::string reason) {
  return ChunkStatus::Fault(Status::kDecompress, std::move(reason));
}

std::string SetUpBlosc() {
  const std::uint8_t plain[256] = {};
  std::uint8_t chunk[sizeof plain + kMaxOverhead];
  std::uint8_t back[sizeof plain];
  for (const int shuffle : {BLOSC_SHUFFLE, BLOSC_BITSHUFFLE}) {
    blosc_compress_ctx(1, shuffle, 4, sizeof plain, plain, chunk, sizeof chunk,
                       BLOSC_BLOSCLZ_COMPNAME, 0, 1);
    blosc_decompress_ctx(chunk, back, sizeof back, 1);
  }
  return blosc_list_compressors();
}

// Bit i is set if the linked C-Blosc decodes codec i of the header's flags.
unsigned FindDecodableCodecs() {
  unsigned codecs = 0;
  const std::string list = "," + LinkedCodecs() + ",";
  const char* const names[] = {BLOSC_BLOSCLZ_COMPNAME, BLOSC_LZ4_COMPNAME, BLOSC_SNAPPY_COMPNAME,
                               BLOSC_ZLIB_COMPNAME, BLOSC_ZSTD_COMPNAME};
  for (unsigned i = 0; i < std::size(names); ++i) {
    if (list.find(std::string(",") + names[i] + ",") != std::string::npos) codecs |= 1u << i;
  }
  return codecs;
}

bool CanDecode(unsigned codec) {
  static const unsigned codecs = FindDecodableCodecs();
  return (codecs >> codec & 1u) != 0;
}

// The most bytes that a writer stores for a split. One that does not shrink is stored raw; but
// C-Blosc gives Snappy the room of snappy_max_compressed_length(), and keeps what comes of it.
std::uint64_t MaxSplitCbytes(const ChunkHeader& header, std::uint32_t split_nbytes) {
  const std::uint64_t n = split_nbytes;
  return header.codec() == BLOSC_SNAPPY_FORMAT ? 32 + n + n / 6 : n;
}

// Checks the splits of the block of `block_nbytes` plain bytes which starts at `position`.
ChunkStatus ValidateBlock(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                          std::uint32_t position, std::uint32_t block_nbytes) {
  const std::uint32_t nsplits = SplitCount(header, block_nbytes != header.blocksize);
  const std::uint64_t max_cbytes = MaxSplitCbytes(header, block_nbytes / nsplits);
  for (std::uint32_t split = 0; split < nsplits; ++split) {
    if (chunk.size() - position < 4) {
      return BadBody("split " + std::to_string(split) + " at byte " + std::to_string(position) +
                     " begins outside of the chunk");
    }
    const std::uint32_t cbytes = LoadU32(chunk.data() + position);
    position += 4;
    if (cbytes == 0 || cbytes > max_cbytes || cbytes > chunk.size() - position) {
      return BadBody("split " + std::to_string(split) + " at byte " + std::to_string(position - 4) +
                     " claims " + std::to_string(cbytes) + " bytes");
    }
    position += cbytes;
  }
  return {};
}

}  // namespace

const std::string& LinkedCodecs() {
  static const std::string& codecs = *new std::string(SetUpBlosc());  // leaked, for threads at exit
  return codecs;
}

std::uint32_t SplitCount(const ChunkHeader& header, bool leftover) {
  const bool split = !header.dont_split() && !leftover && header.typesize <= kMaxSplits &&
                     header.blocksize / header.typesize >= kMinSplitElements;
  return split ? header.typesize : 1;
}

ChunkHeader ReadChunkHeader(std::span<const std::uint8_t> stored) {
  const std::uint8_t* at = stored.data();
  return {at[0], at[1], at[2], at[3], LoadU32(at + 4), LoadU32(at + 8), LoadU32(at + 12)};
}

ChunkStatus ValidateChunkHeader(const ChunkHeader& header) {
  const std::uint64_t max_cbytes = std::uint64_t{header.nbytes} + kMaxOverhead;
  if (header.version != BLOSC_VERSION_FORMAT) {
    return BadHeader("version " + std::to_string(header.version) + " is not 2");
  }
  if ((header.flags & kReservedFlag) != 0) return BadHeader("the reserved flag 0x08 is set");
  if (!CanDecode(header.codec())) {
    return BadHeader("codec " + std::to_string(header.codec()) + " is unknown to this C-Blosc");
  }
  if (header.versionlz != 1) {
    return BadHeader("versionlz " + std::to_string(header.versionlz) + " is not 1");
  }
  if (header.typesize == 0) return BadHeader("typesize is 0");
  if (header.cbytes < kChunkHeaderSize) {
    return BadHeader("cbytes " + std::to_string(header.cbytes) + " is below the 16-byte header");
  }
  if (header.cbytes > max_cbytes) {
    return BadHeader("cbytes " + std::to_string(header.cbytes) + " is above nbytes " +
                     std::to_string(header.nbytes) + " + 16");
  }
  if (header.nbytes > 0 && (header.blocksize == 0 || header.blocksize > header.nbytes)) {
    return BadHeader("blocksize " + std::to_string(header.blocksize) + " is not within 1.." +
                     std::to_string(header.nbytes));
  }
  if (header.memcpyed() && header.cbytes != max_cbytes) {
    return BadHeader("cbytes " + std::to_string(header.cbytes) + " of a memcpyed chunk is not " +
                     "nbytes " + std::to_string(header.nbytes) + " + 16");
  }
  return {};
}

ChunkStatus ValidateChunkBody(const ChunkHeader& header, std::span<const std::uint8_t> chunk) {
  if (header.nbytes == 0 || header.memcpyed()) return {};
  if (header.codec() == BLOSC_BLOSCLZ_FORMAT && header.blocksize > kMaxBlosclzBlocksize) {
    return BadBody("blosclz blocksize " + std::to_string(header.blocksize) + " is above 8 MiB");
  }
  const std::uint32_t nblocks = (header.nbytes - 1) / header.blocksize + 1;
  if ((chunk.size() - kChunkHeaderSize) / 4 < nblocks) {
    return BadBody("the chunk is too short for " + std::to_string(nblocks) + " block starts");
  }
  const std::uint32_t first = static_cast<std::uint32_t>(kChunkHeaderSize) + 4 * nblocks;
  std::uint32_t remaining = header.nbytes;
  for (std::uint32_t block = 0; block < nblocks; ++block) {
    const std::uint32_t start = LoadU32(chunk.data() + kChunkHeaderSize + 4 * block);
    if (start < first || start > chunk.size()) {
      return BadBody("block " + std::to_string(block) + " starts at byte " + std::to_string(start) +
                     ", outside of the chunk's body");
    }
    const std::uint32_t block_nbytes = std::min(header.blocksize, remaining);
    ChunkStatus status = ValidateBlock(header, chunk, start, block_nbytes);
    if (!status.ok()) {
      status.reason = "block " + std::to_string(block) + ": " + status.reason;
      return status;
    }
    remaining -= block_nbytes;
  }
  return {};
}

ChunkStatus DecompressChunk(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                            std::span<std::uint8_t> plain) {
  if (header.nbytes == 0) return {};
  const int status = blosc_decompress_ctx(chunk.data(), plain.data(), plain.size(), 1);
  if (status < 0 || static_cast<std::size_t>(status) != plain.size()) {
    return BadBody("C-Blosc returned " + std::to_string(status) + " for " +
                   std::to_string(plain.size()) + " bytes");
  }
  return {};
}

ChunkStatus DecompressPart(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                           std::size_t start, std::span<std::uint8_t> plain) {
  if (plain.empty()) return {};
  if (header.memcpyed()) {
    std::memcpy(plain.data(), chunk.data() + kChunkHeaderSize + start, plain.size());
    return {};
  }
  const std::size_t typesize = header.typesize;
  const std::size_t first = start / typesize;
  const std::size_t end = (start + plain.size() + typesize - 1) / typesize;
  if (end * typesize > header.nbytes) {
    // A part of an item at the end of the chunk: blosc_getitem() counts in whole ones.
    const auto whole = std::make_unique_for_overwrite<std::uint8_t[]>(header.nbytes);
    ChunkStatus status = DecompressChunk(header, chunk, {whole.get(), header.nbytes});
    if (status.ok()) std::memcpy(plain.data(), whole.get() + start, plain.size());
    return status;
  }
  const std::size_t nbytes = (end - first) * typesize;
  const bool direct = nbytes == plain.size();
  const auto items = direct ? nullptr : std::make_unique_for_overwrite<std::uint8_t[]>(nbytes);
  const int status =
      blosc_getitem(chunk.data(), static_cast<int>(first), static_cast<int>(end - first),
                    direct ? plain.data() : items.get());
  if (status < 0 || static_cast<std::size_t>(status) != nbytes) {
    return BadBody("C-Blosc returned " + std::to_string(status) + " for " + std::to_string(nbytes) +
                   " bytes of items");
  }
  if (!direct) std::memcpy(plain.data(), items.get() + (start - first * typesize), plain.size());
  return {};
}

ChunkStatus CompressChunk(const CodecOptions& options, std::span<const std::uint8_t> plain,
                          std::span<std::uint8_t> slot, std::uint32_t* cbytes) {
  // Exactly the room that always suffices, not all of the slot: so the bytes written do not depend
  // on the slot's size. A blocksize of 0 lets C-Blosc choose.
  const std::size_t room = std::min(slot.size(), plain.size() + kMaxOverhead);
  const int status =
      blosc_compress_ctx(options.clevel, options.shuffle, options.typesize, plain.size(),
                         plain.data(), slot.data(), room, options.cname.c_str(), 0, 1);
  if (status <= 0) {
    return ChunkStatus{Status::kCompress, "C-Blosc returned " + std::to_string(status), status};
  }
  *cbytes = static_cast<std::uint32_t>(status);
  return {};
}

}  // namespace bloscache
