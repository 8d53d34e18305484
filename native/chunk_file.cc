#include "chunk_file.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "blosc_chunk.h"
#include "pipeline.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace bloscache {

namespace {

constexpr std::size_t kMaxKeptBytes = std::size_t{4} << 20;
constexpr double kMaxPosition = 9007199254740991;  // 2^53 - 1

// Memory for one stored chunk, of the thread's own: fresh memory would cost page faults.
class ChunkBuffer {
 public:
  // Throws std::bad_alloc.
  explicit ChunkBuffer(std::size_t size) {
    if (size > Kept().size()) Kept() = std::vector<std::uint8_t>(std::bit_ceil(size));
    bytes_ = {Kept().data(), size};
  }
  ChunkBuffer(const ChunkBuffer&) = delete;
  ChunkBuffer& operator=(const ChunkBuffer&) = delete;
  ~ChunkBuffer() {
    if (Kept().size() > kMaxKeptBytes) Kept() = std::vector<std::uint8_t>();
  }

  std::span<std::uint8_t> bytes() const { return bytes_; }

 private:
  static std::vector<std::uint8_t>& Kept() {
    thread_local std::vector<std::uint8_t> kept;
    return kept;
  }

  std::span<std::uint8_t> bytes_;
};

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
  const auto plain = plan_.plain.subspan(begin, end - begin);

  const double position = plan_.positions[index];
  const double room = plan_.positions[index + 1] - position;
  const bool is_last = index + 2 == plan_.positions.size();
  const auto most = static_cast<double>(plain.size() + kMaxOverhead + DigestSize(plan_.checksum));
  const bool is_inside = position >= 0 && position <= kMaxPosition && room > 0;
  if (!is_inside || !(is_last || room <= most)) return Unreadable();

  // Behind the last chunk there may be bytes that belong to nobody.
  const ChunkBuffer buffer(static_cast<std::size_t>(std::min(room, most)));
  if (!ReadAll(plan_.descriptor, position, buffer.bytes())) return Unreadable();
  CheckedChunk checked;
  ChunkStatus status = CheckChunk(plan_.checksum, buffer.bytes(), plain.size(), &checked);
  if (!status.ok()) return status;
  const std::size_t length = checked.bytes.size() + DigestSize(plan_.checksum);
  if (!is_last && length != buffer.bytes().size()) return Unreadable();
  return DecompressChecked(checked, plan_.plain.size(), plain);
}

}  // namespace bloscache
