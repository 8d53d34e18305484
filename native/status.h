// What became of one chunk. The parts of the addon that run on the thread pool report with these
// values and not with exceptions; only the Node-API side turns them into JavaScript errors.

#ifndef BLOSCACHE_STATUS_H_
#define BLOSCACHE_STATUS_H_

#include <cstddef>
#include <string>
#include <utility>

namespace bloscache {

enum class Status {
  kOk,
  kBadChunkHeader,  // a field of the 16-byte chunk header holds what no writer writes
  kChunkNbytes,     // the chunk is of another plain size than its place asks for
  kTruncated,       // the chunk or its digest ends behind the bytes at hand
  kChunkChecksum,   // the digest does not match
  kDecompress,      // the body is malformed
  kCompress,        // C-Blosc failed to compress
  kOutOfMemory,
};

// The wire name of a fault, as in src/errors.ts.
constexpr const char* StatusName(Status status) {
  switch (status) {
    case Status::kOk:
      return "OK";
    case Status::kBadChunkHeader:
      return "BAD_CHUNK_HEADER";
    case Status::kChunkNbytes:
      return "CHUNK_NBYTES";
    case Status::kTruncated:
      return "TRUNCATED";
    case Status::kChunkChecksum:
      return "CHUNK_CHECKSUM";
    case Status::kDecompress:
      return "DECOMPRESS";
    case Status::kCompress:
      return "COMPRESS";
    case Status::kOutOfMemory:
      return "OUT_OF_MEMORY";
  }
  return "UNKNOWN";
}

struct ChunkStatus {
  Status status = Status::kOk;
  std::string reason = {};  // for people; empty when ok
  int blosc_status = 0;     // C-Blosc's own return value, for kCompress

  bool ok() const { return status == Status::kOk; }

  static ChunkStatus Fault(Status status, std::string reason) {
    return ChunkStatus{status, std::move(reason)};
  }
};

// The failure of chunk number `chunk`.
struct ChunkFailure {
  std::size_t chunk = 0;
  ChunkStatus status = {};
};

}  // namespace bloscache

#endif  // BLOSCACHE_STATUS_H_
