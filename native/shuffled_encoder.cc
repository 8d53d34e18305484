#include "shuffled_encoder.h"

#if BLOSCACHE_VENDORED_BLOSC && defined(__GNUC__) && defined(__x86_64__)
#define BLOSCACHE_CAN_ENCODE 1
#include <blosc.h>
#include <blosclz.h>
#include <immintrin.h>
#include <lz4.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "block_scratch.h"
#endif

namespace bloscache {

#if BLOSCACHE_CAN_ENCODE

namespace {

constexpr std::size_t kVector = 32;  // bytes of an AVX2 register
constexpr unsigned kMemcpyed = 0x02;
// Smaller chunks are too few bytes to matter, and C-Blosc has rules of its own for some.
constexpr std::size_t kMinNbytes = std::size_t{32} << 10;
constexpr std::uint32_t kMaxBlocksize = 4u << 20;

void StoreU32(std::uint8_t* at, std::size_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

// Separates `count` items of T bytes into planes of `stride` bytes: Interleave() of
// shuffled_chunk.cc the other way round. Each round takes even bytes to the first half of the
// registers and odd ones to the second.
// REQUIRES: count is a multiple of kVector.
template <unsigned T>
__attribute__((target("avx2"))) void Separate(const std::uint8_t* items, std::size_t count,
                                              std::uint8_t* planes, std::size_t stride) {
  const __m256i even = _mm256_set1_epi16(0xff);
  for (std::size_t i = 0; i < count; i += kVector) {
    const auto* const in = reinterpret_cast<const __m128i*>(items + i * T);
    __m256i lines[T];
    for (unsigned k = 0; k < T; ++k) {
      const __m256i first = _mm256_castsi128_si256(_mm_loadu_si128(in + k));
      lines[k] = _mm256_inserti128_si256(first, _mm_loadu_si128(in + T + k), 1);
    }
    for (unsigned round = 1; round < T; round *= 2) {
      __m256i parted[T];
      for (unsigned k = 0; k < T / 2; ++k) {
        const __m256i a = lines[2 * k];
        const __m256i b = lines[2 * k + 1];
        parted[k] = _mm256_packus_epi16(_mm256_and_si256(a, even), _mm256_and_si256(b, even));
        parted[k + T / 2] = _mm256_packus_epi16(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8));
      }
      for (unsigned k = 0; k < T; ++k) lines[k] = parted[k];
    }
    for (unsigned k = 0; k < T; ++k) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(planes + k * stride + i), lines[k]);
    }
  }
}

void SeparateAll(unsigned typesize, const std::uint8_t* items, std::size_t count,
                 std::uint8_t* planes, std::size_t stride) {
  switch (typesize) {
    case 2:
      return Separate<2>(items, count, planes, stride);
    case 4:
      return Separate<4>(items, count, planes, stride);
    case 8:
      return Separate<8>(items, count, planes, stride);
    default:
      return Separate<16>(items, count, planes, stride);
  }
}

void Shuffle(unsigned typesize, std::span<const std::uint8_t> plain, std::uint8_t* planes) {
  const std::size_t count = plain.size() / typesize;
  const std::size_t vectorized = count / kVector * kVector;
  SeparateAll(typesize, plain.data(), vectorized, planes, count);
  for (std::size_t i = vectorized; i < count; ++i) {
    for (unsigned k = 0; k < typesize; ++k) planes[k * count + i] = plain[i * typesize + k];
  }
  // What is no whole item stands behind all planes, as it is.
  std::copy(plain.begin() + static_cast<std::ptrdiff_t>(count * typesize), plain.end(),
            planes + count * typesize);
}

bool HasKernel(std::size_t typesize) {
  return typesize == 2 || typesize == 4 || typesize == 8 || typesize == 16;
}

// The header that C-Blosc writes for such chunks, all but `cbytes`: it alone knows its blocksize.
ChunkHeader AskCBlosc(const CodecOptions& options, std::size_t nbytes) {
  const std::vector<std::uint8_t> plain(nbytes);
  std::vector<std::uint8_t> slot(nbytes + kMaxOverhead);
  std::uint32_t cbytes = 0;
  if (!CompressChunk(options, plain, slot, &cbytes).ok()) return {};
  return ReadChunkHeader(slot);
}

// What AskCBlosc() has answered before, to all threads.
ChunkHeader HeaderOf(const CodecOptions& options, std::size_t nbytes) {
  using Kind = std::tuple<std::string, int, std::size_t, std::size_t>;
  constexpr std::size_t kMaxKinds = 256;
  // Leaked: threads may come and go while static destructors run.
  static std::mutex& mutex = *new std::mutex;
  static auto& known = *new std::map<Kind, ChunkHeader>;
  const Kind kind(options.cname, options.clevel, options.typesize, nbytes);
  const std::lock_guard lock(mutex);
  const auto found = known.find(kind);
  if (found != known.end()) return found->second;
  if (known.size() == kMaxKinds) known.clear();
  return known.emplace(kind, AskCBlosc(options, nbytes)).first->second;
}

}  // namespace

std::optional<ShuffledEncoder> ShuffledEncoder::For(const CodecOptions& options,
                                                    std::size_t nbytes) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  const bool knows_codec =
      options.cname == BLOSC_LZ4_COMPNAME || options.cname == BLOSC_BLOSCLZ_COMPNAME;
  if (!has_avx2 || !knows_codec || options.shuffle != BLOSC_SHUFFLE || options.clevel == 0 ||
      !HasKernel(options.typesize) || nbytes < kMinNbytes || nbytes > kMaxCompressNbytes) {
    return std::nullopt;
  }
  const ChunkHeader header = HeaderOf(options, nbytes);
  if (header.nbytes != nbytes || header.memcpyed() || header.blocksize > kMaxBlocksize ||
      header.blocksize % options.typesize != 0) {
    return std::nullopt;
  }
  return ShuffledEncoder(header, options.clevel);
}

std::uint32_t ShuffledEncoder::Compress(std::span<const std::uint8_t> plain,
                                        std::span<std::uint8_t> slot) const {
  const std::size_t blocksize = header_.blocksize;
  const std::size_t nblocks = (plain.size() - 1) / blocksize + 1;
  const auto room = slot.first(plain.size() + kMaxOverhead);
  std::size_t position = kChunkHeaderSize + 4 * nblocks;
  for (std::size_t block = 0; block < nblocks && position != 0; ++block) {
    StoreU32(room.data() + kChunkHeaderSize + 4 * block, position);
    const std::size_t start = block * blocksize;
    const auto part = plain.subspan(start, std::min(blocksize, plain.size() - start));
    position = CompressBlock(part, room, position);
  }
  const bool fits = position != 0;
  if (!fits) {
    std::copy(plain.begin(), plain.end(), room.begin() + kChunkHeaderSize);
    position = room.size();
  }
  room[0] = header_.version;
  room[1] = header_.versionlz;
  room[2] = static_cast<std::uint8_t>(fits ? header_.flags : header_.flags | kMemcpyed);
  room[3] = header_.typesize;
  StoreU32(room.data() + 4, plain.size());
  StoreU32(room.data() + 8, blocksize);
  StoreU32(room.data() + 12, position);
  return static_cast<std::uint32_t>(position);
}

// The rules of blosc_c() in C-Blosc.
std::size_t ShuffledEncoder::CompressBlock(std::span<const std::uint8_t> plain,
                                           std::span<std::uint8_t> slot,
                                           std::size_t position) const {
  std::uint8_t* const planes = BlockScratch(plain.size());
  Shuffle(header_.typesize, plain, planes);
  const bool is_split = !header_.dont_split() && plain.size() == header_.blocksize;
  const std::size_t nsplits = is_split ? header_.typesize : 1;
  const std::size_t nbytes = plain.size() / nsplits;
  const int size = static_cast<int>(nbytes);
  for (std::size_t split = 0; split < nsplits; ++split) {
    const std::uint8_t* const from = planes + split * nbytes;
    std::uint8_t* const length = slot.data() + position;
    position += 4;
    if (position >= slot.size()) return 0;
    const auto room = static_cast<int>(std::min(nbytes, slot.size() - position));
    std::uint8_t* const to = slot.data() + position;
    int cbytes = header_.codec() == BLOSC_LZ4_FORMAT
                     ? LZ4_compress_fast(reinterpret_cast<const char*>(from),
                                         reinterpret_cast<char*>(to), size, room, 10 - clevel_)
                     : blosclz_compress(clevel_, from, size, to, room, !header_.dont_split());
    if (cbytes == 0 || cbytes == size) {
      if (nbytes > slot.size() - position) return 0;
      std::memcpy(to, from, nbytes);
      cbytes = size;
    }
    StoreU32(length, static_cast<std::size_t>(cbytes));
    position += static_cast<std::size_t>(cbytes);
  }
  return position;
}

#else

std::optional<ShuffledEncoder> ShuffledEncoder::For(const CodecOptions&, std::size_t) {
  return std::nullopt;
}

std::uint32_t ShuffledEncoder::Compress(std::span<const std::uint8_t>,
                                        std::span<std::uint8_t>) const {
  return 0;
}

#endif

}  // namespace bloscache
