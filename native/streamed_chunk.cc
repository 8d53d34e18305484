#include "streamed_chunk.h"

#if BLOSCACHE_VENDORED_BLOSC && defined(__GNUC__) && defined(__x86_64__)
#define BLOSCACHE_CAN_STREAM 1
#include <blosc.h>
#include <blosclz.h>
#include <immintrin.h>
#include <lz4.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#endif

namespace bloscache {

#if BLOSCACHE_CAN_STREAM

namespace {

constexpr std::size_t kVector = 32;                // bytes of an AVX2 register
constexpr std::uint32_t kMaxBlocksize = 4u << 20;  // C-Blosc chooses 1 MiB at level 5
constexpr unsigned kShuffled = 0x01;               // flags of a chunk's header
constexpr unsigned kBitShuffled = 0x04;

// Where the first, second, … bytes of all items are.
using Planes = std::array<const std::uint8_t*, 16>;

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

// Writes the items whose planes are given, and the `tail` that is no whole item.
void Unshuffle(unsigned typesize, const Planes& planes, std::span<const std::uint8_t> tail,
               std::span<std::uint8_t> plain) {
  const std::size_t count = plain.size() / typesize;
  const std::size_t vectorized = count / kVector * kVector;
  InterleaveAll(typesize, planes, vectorized, plain.data());
  for (std::size_t i = vectorized; i < count; ++i) {
    for (unsigned k = 0; k < typesize; ++k) plain[i * typesize + k] = planes[k][i];
  }
  std::copy(tail.begin(), tail.end(), plain.end() - static_cast<std::ptrdiff_t>(tail.size()));
}

// Memory of the thread for one block, kept from call to call. Throws std::bad_alloc.
std::uint8_t* BlockScratch(std::size_t size) {
  thread_local std::unique_ptr<std::uint8_t[]> scratch;
  thread_local std::size_t capacity = 0;
  if (capacity < size) {
    capacity = 0;
    scratch = std::make_unique_for_overwrite<std::uint8_t[]>(size);
    capacity = size;
  }
  return scratch.get();
}

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

// The block whose first split's length stands at `position`.
bool DecodeBlock(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                 std::size_t position, std::span<std::uint8_t> plain) {
  const std::uint32_t nsplits = SplitCount(header, plain.size() != header.blocksize);
  const std::size_t split_nbytes = plain.size() / nsplits;
  std::uint8_t* const scratch = BlockScratch(plain.size());
  Planes planes = {};
  for (std::uint32_t split = 0; split < nsplits; ++split) {
    const std::uint32_t cbytes = LoadU32(chunk.data() + position);
    planes[split] = PlainSplit(header, chunk.subspan(position + 4, cbytes),
                               scratch + split * split_nbytes, split_nbytes);
    if (planes[split] == nullptr) return false;
    position += 4 + cbytes;
  }
  const std::size_t count = plain.size() / header.typesize;
  const std::size_t tail_nbytes = nsplits == 1 ? plain.size() % header.typesize : 0;
  const std::uint8_t* const whole = planes[0];
  if (nsplits == 1) {
    for (unsigned k = 1; k < header.typesize; ++k) planes[k] = whole + k * count;
  }
  Unshuffle(header.typesize, planes, {whole + (plain.size() - tail_nbytes), tail_nbytes}, plain);
  return true;
}

bool KnowsTypesize(unsigned typesize) {
  return typesize == 2 || typesize == 4 || typesize == 8 || typesize == 16;
}

}  // namespace

bool CanStream(const ChunkHeader& header, std::span<const std::uint8_t> plain) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  const bool is_shuffled =
      (header.flags & kShuffled) != 0 && (header.flags & kBitShuffled) == 0 && !header.memcpyed();
  const bool knows_codec =
      header.codec() == BLOSC_LZ4_FORMAT || header.codec() == BLOSC_BLOSCLZ_FORMAT;
  // Blocks are streamed one by one, so each must begin at an aligned address.
  return has_avx2 && is_shuffled && knows_codec && KnowsTypesize(header.typesize) &&
         header.blocksize <= kMaxBlocksize && header.blocksize % kVector == 0 &&
         reinterpret_cast<std::uintptr_t>(plain.data()) % kVector == 0;
}

ChunkStatus DecompressStreamed(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                               std::span<std::uint8_t> plain) {
  const std::size_t blocksize = header.blocksize;
  for (std::size_t start = 0, block = 0; start < plain.size(); start += blocksize, ++block) {
    const std::uint32_t position = LoadU32(chunk.data() + kChunkHeaderSize + 4 * block);
    const auto part = plain.subspan(start, std::min(blocksize, plain.size() - start));
    if (DecodeBlock(header, chunk, position, part)) continue;
    return ChunkStatus::Fault(Status::kDecompress,
                              "block " + std::to_string(block) + " is malformed");
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
