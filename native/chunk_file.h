// Chunks of a file, each read by the thread that decodes it, into memory of that thread's own.
//
// Stored bytes are met once, and while they are in the processor's cache: they are read, digested
// and decoded there. Reading a whole batch first, by one thread, sends them through memory once
// more; mapping the file would end the process when somebody cuts it off.

#ifndef BLOSCACHE_CHUNK_FILE_H_
#define BLOSCACHE_CHUNK_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "checksum.h"
#include "pipeline.h"
#include "status.h"
#include "thread_pool.h"

namespace bloscache {

#if defined(__unix__) || defined(__APPLE__)
inline constexpr bool kCanReadChunkFiles = true;
#else
inline constexpr bool kCanReadChunkFiles = false;
#endif

// A chunk as a file's offsets have it. Any numbers, as read from JavaScript.
struct FileChunk {
  double position = 0;
  double end = 0;        // where the next chunk starts, or the file ends
  bool is_last = false;  // behind the last chunk there may be bytes that belong to nobody
  std::size_t nbytes = 0;
};

// A chunk that was read, in memory of the calling thread's own, and verified. At most one at a time
// in a thread.
class FileChunkReader {
 public:
  // Throws std::bad_alloc.
  FileChunkReader(int descriptor, Checksum checksum, const FileChunk& chunk);
  FileChunkReader(const FileChunkReader&) = delete;
  FileChunkReader& operator=(const FileChunkReader&) = delete;
  ~FileChunkReader();

  const ChunkStatus& status() const { return status_; }

  // REQUIRES: status().ok().
  const CheckedChunk& checked() const { return checked_; }

 private:
  ChunkStatus Read(int descriptor, Checksum checksum, const FileChunk& chunk);

  CheckedChunk checked_;  // first: reading fills it in
  ChunkStatus status_;
};

struct ChunkFilePlan {
  Checksum checksum = Checksum::kNone;
  int descriptor = -1;
  // Where each chunk claims to start, and the end of the file. Any numbers, as read from
  // JavaScript.
  std::vector<double> positions = {};
  // Chunk i is plain[i * chunk_size, min((i + 1) * chunk_size, plain.size())).
  std::span<std::uint8_t> plain = {};
  std::size_t chunk_size = 0;
};

// Verifies and decompresses all chunks of a file, which follow one another without a gap.
class ChunkFileRun {
 public:
  // REQUIRES: there are n + 1 positions, n > 0; (n - 1) * chunk_size < plain.size() <= n *
  // chunk_size; chunk_size <= kMaxNbytes. The descriptor is open and `plain` valid until Run() has
  // returned.
  ChunkFileRun(std::shared_ptr<ThreadPool> pool, ChunkFilePlan plan);

  // Whether all chunks were read and are sound. What is wrong else is for who reads them one after
  // another to say. At most one call.
  bool Run();

 private:
  ChunkStatus RunItem(std::size_t index) const;

  const ChunkFilePlan plan_;
  Batch batch_;  // last: destroyed first, when helpers may still use the rest
};

}  // namespace bloscache

#endif  // BLOSCACHE_CHUNK_FILE_H_
