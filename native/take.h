// Items from all over a file, each chunk that holds some of them read and decoded once, by all
// threads of a pool.

#ifndef BLOSCACHE_TAKE_H_
#define BLOSCACHE_TAKE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "checksum.h"
#include "chunk_file.h"
#include "status.h"
#include "thread_pool.h"

namespace bloscache {

// Bytes of a chunk, and where in the result they belong.
struct TakenPiece {
  std::size_t start = 0;  // in the plain bytes of the chunk
  std::size_t target = 0;
  std::size_t nbytes = 0;
};

struct TakenChunk {
  FileChunk chunk = {};
  std::vector<TakenPiece> pieces = {};
};

struct TakePlan {
  Checksum checksum = Checksum::kNone;
  int descriptor = -1;
  std::vector<TakenChunk> chunks = {};
  std::span<std::uint8_t> plain = {};
};

class TakeRun {
 public:
  // REQUIRES: every piece is within its chunk and, with its target, within `plain`; no two targets
  // overlap. The descriptor is open and `plain` valid until Run() has returned.
  TakeRun(std::shared_ptr<ThreadPool> pool, TakePlan plan);

  // As ChunkFileRun::Run().
  bool Run();

 private:
  ChunkStatus RunItem(std::size_t index) const;

  const TakePlan plan_;
  Batch batch_;  // last: destroyed first, when helpers may still use the rest
};

}  // namespace bloscache

#endif  // BLOSCACHE_TAKE_H_
