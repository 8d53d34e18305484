#include "chunk_file.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "blosc_chunk.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace bloscache {

namespace {

constexpr std::size_t kMaxKeptBytes = std::size_t{4} << 20;
constexpr double kMaxPosition = 9007199254740991;  // 2^53 - 1

// Memory of the thread for one stored chunk, kept from call to call: fresh memory would cost page
// faults.
std::vector<std::uint8_t>& KeptBytes() {
  thread_local std::vector<std::uint8_t> kept;
  return kept;
}

// Throws std::bad_alloc.
std::span<std::uint8_t> ChunkBytes(std::size_t size) {
  auto& kept = KeptBytes();
  if (size > kept.size()) {
    kept = std::vector<std::uint8_t>();  // first, so that there are never two of them
    kept.resize(std::bit_ceil(size));
  }
  return {kept.data(), size};
}

#if defined(__unix__) || defined(__APPLE__)

// Whether the file has all these bytes and the system gives them.
bool ReadAll(int descriptor, double position, std::span<std::uint8_t> target) {
  auto offset = static_cast<off_t>(position);
  while (!target.empty()) {
    const ssize_t n = pread(descriptor, target.data(), target.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    target = target.subspan(static_cast<std::size_t>(n));
    offset += n;
  }
  return true;
}

#else

bool ReadAll(int, double, std::span<std::uint8_t>) { return false; }

#endif

ChunkStatus Unreadable() { return ChunkStatus::Fault(Status::kTruncated, "it cannot be read"); }

}  // namespace

FileChunkReader::FileChunkReader(int descriptor, Checksum checksum, const FileChunk& chunk)
    : status_(Read(descriptor, checksum, chunk)) {}

FileChunkReader::~FileChunkReader() {
  if (KeptBytes().size() > kMaxKeptBytes) KeptBytes() = std::vector<std::uint8_t>();
}

ChunkStatus FileChunkReader::Read(int descriptor, Checksum checksum, const FileChunk& chunk) {
  const std::size_t digest_size = DigestSize(checksum);
  const double room = chunk.end - chunk.position;
  const auto most = static_cast<double>(chunk.nbytes + kMaxOverhead + digest_size);
  const bool is_inside = chunk.position >= 0 && chunk.position <= kMaxPosition && room > 0;
  if (!is_inside || !(chunk.is_last || room <= most)) return Unreadable();
  const auto stored = ChunkBytes(static_cast<std::size_t>(std::min(room, most)));
  if (!ReadAll(descriptor, chunk.position, stored)) return Unreadable();
  ChunkStatus status = CheckChunk(checksum, stored, chunk.nbytes, &checked_);
  if (!status.ok()) return status;
  const bool ends_there = checked_.bytes.size() + digest_size == stored.size();
  return chunk.is_last || ends_there ? status : Unreadable();
}

ChunkFileRun::ChunkFileRun(std::shared_ptr<ThreadPool> pool, ChunkFilePlan plan)
    : plan_(std::move(plan)),
      batch_(std::move(pool), plan_.positions.size() - 1, Batch::kAllThreads,
             [this](std::size_t index) { return RunItem(index); }) {}

bool ChunkFileRun::Run() {
  batch_.Start();
  return !batch_.HelpAndWait();
}

ChunkStatus ChunkFileRun::RunItem(std::size_t index) const {
  const std::size_t begin = index * plan_.chunk_size;
  const std::size_t end = std::min(begin + plan_.chunk_size, plan_.plain.size());
  const FileChunk chunk = {plan_.positions[index], plan_.positions[index + 1],
                           index + 2 == plan_.positions.size(), end - begin};
  const FileChunkReader reader(plan_.descriptor, plan_.checksum, chunk);
  if (!reader.status().ok()) return reader.status();
  return DecompressChecked(reader.checked(), plan_.plain.size(),
                           plan_.plain.subspan(begin, end - begin));
}

}  // namespace bloscache
