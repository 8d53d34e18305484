// Many chunks at once: compress and digest, or verify and decompress, on the threads of a pool.
//
// A run does not own the memory it is given: spans must remain valid until Finish() has returned or
// the run has been destroyed (which waits). Methods are for the thread that owns the run.

#ifndef BLOSCACHE_PIPELINE_H_
#define BLOSCACHE_PIPELINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "blosc_chunk.h"
#include "checksum.h"
#include "shuffled_encoder.h"
#include "status.h"
#include "thread_pool.h"

namespace bloscache {

// A chunk that is safe to hand to C-Blosc.
struct CheckedChunk {
  ChunkHeader header = {};
  std::span<const std::uint8_t> bytes = {};  // without the digest
};

// Checks the chunk of `nbytes` plain bytes, and its digest, at the start of `rest`, in the order of
// trust: lengths, header, then the digest, and only then anything that depends on the body.
ChunkStatus CheckChunk(Checksum checksum, std::span<const std::uint8_t> rest, std::size_t nbytes,
                       CheckedChunk* checked);

// Decompresses it into its place in a result of `result_nbytes` in all.
// REQUIRES: plain.size() is the chunk's plain size.
ChunkStatus DecompressChecked(const CheckedChunk& checked, std::size_t result_nbytes,
                              std::span<std::uint8_t> plain);

// Decompresses those plain.size() of its plain bytes that begin at `start`, and only what these
// need. Throws std::bad_alloc.
// REQUIRES: start + plain.size() is at most the chunk's plain size.
ChunkStatus DecompressCheckedPart(const CheckedChunk& checked, std::size_t start,
                                  std::span<std::uint8_t> plain);

struct CompressPlan {
  CodecOptions codec = {};
  Checksum checksum = Checksum::kNone;
  std::size_t max_threads = Batch::kAllThreads;
  std::vector<std::span<const std::uint8_t>> chunks = {};
  // Chunk i and its digest go to the start of slots[i * slot_size, (i + 1) * slot_size).
  std::span<std::uint8_t> slots = {};
  std::size_t slot_size = 0;
};

class CompressRun {
 public:
  // REQUIRES: every chunk has at most kMaxNbytes bytes and with kMaxOverhead and a digest fits a
  // slot; slots.size() >= chunks.size() * slot_size.
  CompressRun(std::shared_ptr<ThreadPool> pool, CompressPlan plan);

  // Compresses all chunks; returns the lowest failure. At most one call.
  std::optional<ChunkFailure> Run();

  // Run() in two steps: the pool's helpers begin, and Start() returns at once; then Finish() helps
  // them and waits.
  void Start();
  std::optional<ChunkFailure> Finish();

  const CompressPlan& plan() const { return plan_; }

  // Stored bytes of each chunk, digest included. Valid after Finish() returned no failure.
  std::span<const std::uint32_t> sizes() const { return sizes_; }

 private:
  ChunkStatus RunItem(std::size_t index);

  const CompressPlan plan_;
  const std::optional<ShuffledEncoder> encoder_;  // for chunks of its size
  std::vector<std::uint32_t> sizes_;
  Batch batch_;  // last: destroyed first, when helpers may still use the rest
};

struct DecompressPlan {
  Checksum checksum = Checksum::kNone;
  std::span<const std::uint8_t> stored = {};
  // Where in `stored` each chunk claims to start. Any number, as read from JavaScript.
  std::vector<double> positions = {};
  // Chunk i is plain[i * chunk_size, min((i + 1) * chunk_size, plain.size())).
  std::span<std::uint8_t> plain = {};
  std::size_t chunk_size = 0;
};

class DecompressRun {
 public:
  // REQUIRES: (positions.size() - 1) * chunk_size <= plain.size() <= positions.size() * chunk_size;
  // chunk_size <= kMaxNbytes; `plain` does not overlap `stored`.
  DecompressRun(std::shared_ptr<ThreadPool> pool, DecompressPlan plan);

  // Verifies and decompresses all chunks; returns the lowest failure. At most one call.
  std::optional<ChunkFailure> Run();

  // As of CompressRun.
  void Start();
  std::optional<ChunkFailure> Finish();

  const DecompressPlan& plan() const { return plan_; }

 private:
  ChunkStatus RunItem(std::size_t index) const;

  const DecompressPlan plan_;
  Batch batch_;  // last: destroyed first, when helpers may still use the rest
};

}  // namespace bloscache

#endif  // BLOSCACHE_PIPELINE_H_
