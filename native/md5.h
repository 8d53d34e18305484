// MD5 (RFC 1321). For reading and writing files that use it; it protects from accidents only.

#ifndef BLOSCACHE_MD5_H_
#define BLOSCACHE_MD5_H_

#include <cstdint>
#include <span>

namespace bloscache {

// REQUIRES: digest.size() >= 16.
void Md5(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> digest);

}  // namespace bloscache

#endif  // BLOSCACHE_MD5_H_
