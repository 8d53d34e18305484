#include "checksum.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "md5.h"
#include "sha.h"

// One copy of the loop for AVX2 and one for any x86-64, chosen when the addon is loaded. That takes
// ifunc, which GCC on glibc has; a sanitizer's runtime is not up yet when such a choice is made.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define BLOSCACHE_AVX2_CLONE __attribute__((target_clones("avx2", "default")))
#else
#define BLOSCACHE_AVX2_CLONE
#endif

namespace bloscache {

namespace {

constexpr std::uint32_t kAdlerModulus = 65521;
constexpr std::size_t kLanes = 32;
// 255 * 4096 * 4097 / 2, the most that a lane of weighted sums can reach, is below 2^32.
constexpr std::size_t kMaxRounds = 4096;
// 255 * 21 * 22 / 2, the same for lanes of 16 bits, is below 2^16.
constexpr std::size_t kFewRounds = 21;

struct AdlerSums {
  std::uint64_t plain;     // sum of x[i]
  std::uint64_t weighted;  // sum of (n - i) * x[i], for i in 0..n-1
};

// Sums n = rounds * kLanes bytes. Lane j adds up the bytes j, j + kLanes, ...: no lane waits for
// another, so that compilers vectorise the loops; the innermost one in lanes of 16 bits, of which a
// register holds twice as many.
// REQUIRES: rounds <= kMaxRounds.
BLOSCACHE_AVX2_CLONE
AdlerSums SumLanes(const std::uint8_t* bytes, std::size_t rounds) {
  std::uint32_t plain[kLanes] = {};
  std::uint32_t weighted[kLanes] = {};  // by rounds left: sum of (rounds - r) * x[r * kLanes + j]
  while (rounds > 0) {
    const std::size_t few = std::min(rounds, kFewRounds);
    std::uint16_t few_plain[kLanes] = {};
    std::uint16_t few_weighted[kLanes] = {};
    for (std::size_t round = 0; round < few; ++round, bytes += kLanes) {
      for (std::size_t j = 0; j < kLanes; ++j) {
        few_plain[j] = static_cast<std::uint16_t>(few_plain[j] + bytes[j]);
        few_weighted[j] = static_cast<std::uint16_t>(few_weighted[j] + few_plain[j]);
      }
    }
    for (std::size_t j = 0; j < kLanes; ++j) {
      weighted[j] += static_cast<std::uint32_t>(few) * plain[j] + few_weighted[j];
      plain[j] += few_plain[j];
    }
    rounds -= few;
  }
  AdlerSums sums = {0, 0};
  for (std::size_t j = 0; j < kLanes; ++j) {
    sums.plain += plain[j];
    sums.weighted += std::uint64_t{kLanes} * weighted[j] - std::uint64_t{j} * plain[j];
  }
  return sums;
}

constexpr std::size_t kSlices = 16;
using CrcTables = std::array<std::array<std::uint32_t, 256>, kSlices>;

// tables[k][b] is the CRC register after byte b and then k zero bytes.
constexpr CrcTables MakeCrcTables() {
  CrcTables tables = {};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < kSlices; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr CrcTables kCrcTables = MakeCrcTables();

void StoreU32(std::uint32_t value, std::span<std::uint8_t> digest) {
  for (std::size_t i = 0; i < 4; ++i) digest[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

std::uint32_t Adler32(std::span<const std::uint8_t> bytes) {
  std::uint64_t s1 = 1;
  std::uint64_t s2 = 0;
  while (bytes.size() >= kLanes) {
    const std::size_t rounds = std::min(bytes.size() / kLanes, kMaxRounds);
    const std::size_t n = rounds * kLanes;
    const AdlerSums sums = SumLanes(bytes.data(), rounds);
    s2 = (s2 + n * s1 + sums.weighted) % kAdlerModulus;
    s1 = (s1 + sums.plain) % kAdlerModulus;
    bytes = bytes.subspan(n);
  }
  for (const std::uint8_t byte : bytes) {
    s1 += byte;
    s2 += s1;
  }
  return static_cast<std::uint32_t>((s2 % kAdlerModulus) << 16 | s1 % kAdlerModulus);
}

std::uint32_t Crc32(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  // "Slicing by 16" (Kounavis and Berry, 2005): sixteen lookups that do not wait for each other.
  for (; bytes.size() >= kSlices; bytes = bytes.subspan(kSlices)) {
    const std::uint8_t* at = bytes.data();
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      next ^= kCrcTables[kSlices - 1 - i][(at[i] ^ (crc >> (8 * i))) & 0xFF];
    }
    for (std::size_t i = 4; i < kSlices; ++i) next ^= kCrcTables[kSlices - 1 - i][at[i]];
    crc = next;
  }
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ kCrcTables[0][(crc ^ byte) & 0xFF];
  return ~crc;
}

std::size_t DigestSize(Checksum checksum) {
  static constexpr std::array<std::size_t, 9> kSizes = {0, 4, 4, 16, 20, 28, 32, 48, 64};
  return kSizes[static_cast<std::size_t>(checksum)];
}

void ComputeDigest(Checksum checksum, std::span<const std::uint8_t> bytes,
                   std::span<std::uint8_t> digest) {
  switch (checksum) {
    case Checksum::kNone:
      return;
    case Checksum::kAdler32:
      return StoreU32(Adler32(bytes), digest);
    case Checksum::kCrc32:
      return StoreU32(Crc32(bytes), digest);
    case Checksum::kMd5:
      return Md5(bytes, digest);
    case Checksum::kSha1:
      return Sha1(bytes, digest);
    case Checksum::kSha224:
      return Sha224(bytes, digest);
    case Checksum::kSha256:
      return Sha256(bytes, digest);
    case Checksum::kSha384:
      return Sha384(bytes, digest);
    case Checksum::kSha512:
      return Sha512(bytes, digest);
  }
}

}  // namespace bloscache
