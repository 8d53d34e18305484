// The SHA-1 and SHA-2 functions of FIPS 180-4.
// Each stores its digest at the start of `digest`. REQUIRES: digest.size() >= the digest's size.

#ifndef BLOSCACHE_SHA_H_
#define BLOSCACHE_SHA_H_

#include <cstdint>
#include <span>

namespace bloscache {

void Sha1(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest);
void Sha224(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest);
void Sha256(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest);
void Sha384(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest);
void Sha512(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest);

}  // namespace bloscache

#endif  // BLOSCACHE_SHA_H_
