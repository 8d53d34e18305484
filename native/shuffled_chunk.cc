#include "shuffled_chunk.h"

#if BLOSCACHE_VENDORED_BLOSC
#include <blosc.h>
#include <blosclz.h>
#include <lz4.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <tuple>

#include "block_scratch.h"

#if defined(__GNUC__) && defined(__x86_64__)
#define BLOSCACHE_CAN_STREAM 1
#include <immintrin.h>
#endif
#endif

namespace bloscache {

#if BLOSCACHE_VENDORED_BLOSC

namespace {

constexpr std::uint32_t kMaxBlocksize = 4u << 20;  // C-Blosc chooses 1 MiB at level 5
constexpr unsigned kShuffled = 0x01;               // flags of a chunk's header
constexpr unsigned kBitShuffled = 0x04;

// The plain bytes of a split: itself if it is stored raw, else `scratch`. Null if it is malformed.
const std::uint8_t* PlainSplit(const ChunkHeader& header, std::span<const std::uint8_t> split,
                               std::uint8_t* scratch, std::size_t nbytes) {
  if (split.size() == nbytes) return split.data();
  const int cbytes = static_cast<int>(split.size());
  const int room = static_cast<int>(nbytes);
  const int got = header.codec() == BLOSC_LZ4_FORMAT
                      ? LZ4_decompress_safe(reinterpret_cast<const char*>(split.data()),
                                            reinterpret_cast<char*>(scratch), cbytes, room)
                      : blosclz_decompress(split.data(), cbytes, scratch, room);
  return got == room ? scratch : nullptr;
}

// The planes of block `block`, which has `nbytes`. False if it is malformed. Throws std::bad_alloc.
bool DecodePlanes(const ChunkHeader& header, std::span<const std::uint8_t> chunk, std::size_t block,
                  std::size_t nbytes, Planes* planes) {
  std::size_t position = LoadU32(chunk.data() + kChunkHeaderSize + 4 * block);
  const std::uint32_t nsplits = SplitCount(header, nbytes != header.blocksize);
  const std::size_t items = nbytes / header.typesize;
  const std::size_t split_nbytes = nbytes / nsplits;
  std::uint8_t* const scratch = BlockScratch(nbytes);
  for (std::uint32_t split = 0; split < nsplits; ++split) {
    const std::uint32_t cbytes = LoadU32(chunk.data() + position);
    const auto stored = chunk.subspan(position + 4, cbytes);
    (*planes)[split] = PlainSplit(header, stored, scratch + split * split_nbytes, split_nbytes);
    if ((*planes)[split] == nullptr) return false;
    position += 4 + cbytes;
  }
  if (nsplits == 1) {
    for (unsigned k = 1; k < header.typesize; ++k) (*planes)[k] = (*planes)[0] + k * items;
  }
  return true;
}

ChunkStatus Malformed(std::size_t block) {
  return ChunkStatus::Fault(Status::kDecompress,
                            "block " + std::to_string(block) + " is malformed");
}

bool IsShuffled(const ChunkHeader& header) {
  const unsigned typesize = header.typesize;
  return (header.flags & kShuffled) != 0 && (header.flags & kBitShuffled) == 0 &&
         !header.memcpyed() && typesize > 1 && typesize <= std::tuple_size_v<Planes> &&
         header.blocksize <= kMaxBlocksize && header.blocksize % typesize == 0 &&
         (header.codec() == BLOSC_LZ4_FORMAT || header.codec() == BLOSC_BLOSCLZ_FORMAT);
}

}  // namespace

bool CanDecodeParts(const ChunkHeader& header) { return IsShuffled(header); }

ChunkStatus PartDecoder::Decode(std::size_t start, std::span<std::uint8_t> plain) {
  const std::size_t typesize = header_.typesize;
  const std::size_t stop = start + plain.size();
  for (std::size_t at = start; at < stop;) {
    const std::size_t block = at / header_.blocksize;
    const std::size_t base = block * header_.blocksize;
    const std::size_t nbytes = std::min<std::size_t>(header_.blocksize, header_.nbytes - base);
    if (block != block_) {
      block_ = kNone;
      if (!DecodePlanes(header_, chunk_, block, nbytes, &planes_)) return Malformed(block);
      block_ = block;
    }
    const std::size_t end = std::min(stop - base, nbytes);
    // What is no whole item stands behind all planes, as it is.
    const std::size_t whole = nbytes - nbytes % typesize;
    for (std::size_t i = at - base; i < end; ++i) {
      plain[base + i - start] = i < whole ? planes_[i % typesize][i / typesize] : planes_[0][i];
    }
    at = base + end;
  }
  return {};
}

#else

bool CanDecodeParts(const ChunkHeader&) { return false; }

ChunkStatus PartDecoder::Decode(std::size_t start, std::span<std::uint8_t> plain) {
  return DecompressPart(header_, chunk_, start, plain);
}

#endif

#if BLOSCACHE_CAN_STREAM

namespace {

constexpr std::size_t kVector = 32;  // bytes of an AVX2 register

// Interleaves the planes of `count` items of T bytes. Each of log2(T) rounds joins bytes of the
// first half of the registers with bytes of the second, so that after the last one the bytes of an
// item lie side by side: items 0–15 in the lower halves, items 16–31 in the upper ones.
// REQUIRES: count is a multiple of kVector; `items` is aligned to kVector.
template <unsigned T>
__attribute__((target("avx2"))) void Interleave(const Planes& planes, std::size_t count,
                                                std::uint8_t* items) {
  for (std::size_t i = 0; i < count; i += kVector) {
    __m256i lines[T];
    for (unsigned k = 0; k < T; ++k) {
      lines[k] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(planes[k] + i));
    }
    for (unsigned round = 1; round < T; round *= 2) {
      __m256i joined[T];
      for (unsigned k = 0; k < T / 2; ++k) {
        joined[2 * k] = _mm256_unpacklo_epi8(lines[k], lines[k + T / 2]);
        joined[2 * k + 1] = _mm256_unpackhi_epi8(lines[k], lines[k + T / 2]);
      }
      for (unsigned k = 0; k < T; ++k) lines[k] = joined[k];
    }
    auto* const out = reinterpret_cast<__m256i*>(items + i * T);
    for (unsigned k = 0; k < T / 2; ++k) {
      const __m256i a = lines[2 * k];
      const __m256i b = lines[2 * k + 1];
      _mm256_stream_si256(out + k, _mm256_permute2x128_si256(a, b, 0x20));
      _mm256_stream_si256(out + T / 2 + k, _mm256_permute2x128_si256(a, b, 0x31));
    }
  }
}

void InterleaveAll(unsigned typesize, const Planes& planes, std::size_t count,
                   std::uint8_t* items) {
  switch (typesize) {
    case 2:
      return Interleave<2>(planes, count, items);
    case 4:
      return Interleave<4>(planes, count, items);
    case 8:
      return Interleave<8>(planes, count, items);
    default:
      return Interleave<16>(planes, count, items);
  }
}

// Writes the block whose planes are given.
void Unshuffle(unsigned typesize, const Planes& planes, std::span<std::uint8_t> plain) {
  const std::size_t count = plain.size() / typesize;
  const std::size_t vectorized = count / kVector * kVector;
  InterleaveAll(typesize, planes, vectorized, plain.data());
  for (std::size_t i = vectorized; i < count; ++i) {
    for (unsigned k = 0; k < typesize; ++k) plain[i * typesize + k] = planes[k][i];
  }
  // What is no whole item stands behind all planes, as it is.
  for (std::size_t i = count * typesize; i < plain.size(); ++i) plain[i] = planes[0][i];
}

bool HasKernel(unsigned typesize) {
  return typesize == 2 || typesize == 4 || typesize == 8 || typesize == 16;
}

}  // namespace

bool CanStream(const ChunkHeader& header, std::span<const std::uint8_t> plain) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  // Blocks are streamed one by one, so each must begin at an aligned address.
  return has_avx2 && IsShuffled(header) && HasKernel(header.typesize) &&
         header.blocksize % kVector == 0 &&
         reinterpret_cast<std::uintptr_t>(plain.data()) % kVector == 0;
}

ChunkStatus DecompressStreamed(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                               std::span<std::uint8_t> plain) {
  const std::size_t blocksize = header.blocksize;
  for (std::size_t start = 0, block = 0; start < plain.size(); start += blocksize, ++block) {
    const auto part = plain.subspan(start, std::min(blocksize, plain.size() - start));
    Planes planes = {};
    if (!DecodePlanes(header, chunk, block, part.size(), &planes)) return Malformed(block);
    Unshuffle(header.typesize, planes, part);
  }
  _mm_sfence();  // streaming stores come before whatever tells another thread that they are done
  return {};
}

#else

bool CanStream(const ChunkHeader&, std::span<const std::uint8_t>) { return false; }

ChunkStatus DecompressStreamed(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                               std::span<std::uint8_t> plain) {
  return DecompressChunk(header, chunk, plain);
}

#endif

}  // namespace bloscache
