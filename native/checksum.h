// The nine checksums of Bloscpack. A chunk's digest follows the chunk in the file and is taken over
// its stored bytes, header included.
//
// They are our own because digests are computed on threads that may not enter Node, and no system
// library besides C-Blosc is required. Adler-32 (the default) and CRC-32 are fast; the SHA family
// and MD5 are plain portable code.
//
// All functions may be called from any thread without synchronization.

#ifndef BLOSCACHE_CHECKSUM_H_
#define BLOSCACHE_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace bloscache {

// The values are the ids in a Bloscpack header.
enum class Checksum : std::uint8_t {
  kNone = 0,
  kAdler32 = 1,
  kCrc32 = 2,
  kMd5 = 3,
  kSha1 = 4,
  kSha224 = 5,
  kSha256 = 6,
  kSha384 = 7,
  kSha512 = 8,
};

inline constexpr int kMaxChecksum = 8;
inline constexpr std::size_t kMaxDigestSize = 64;

// Bytes of a digest as stored in a file.
std::size_t DigestSize(Checksum checksum);

// Stores the digest of `bytes` in digest[0, DigestSize(checksum)): Adler-32 and CRC-32 as
// little-endian integers, the others as their standards print them.
// REQUIRES: digest.size() >= DigestSize(checksum).
void ComputeDigest(Checksum checksum, std::span<const std::uint8_t> bytes,
                   std::span<std::uint8_t> digest);

// RFC 1950 section 8.2.
std::uint32_t Adler32(std::span<const std::uint8_t> bytes);

// RFC 1952 section 8.
std::uint32_t Crc32(std::span<const std::uint8_t> bytes);

}  // namespace bloscache

#endif  // BLOSCACHE_CHECKSUM_H_
