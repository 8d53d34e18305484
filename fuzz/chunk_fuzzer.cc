// libFuzzer target: any bytes as a chunk, through the checks and then through C-Blosc.
//
// C-Blosc and its codecs are instrumented too, but for Zstandard's assembly, which AddressSanitizer
// does not see. Input and output therefore lie against pages that nobody may touch: one byte too
// far is a crash there as well. `node fuzz/main.mjs` builds and runs it.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "blosc_chunk.h"
#include "shuffled_chunk.h"

namespace {

using namespace bloscache;

// More plain bytes than this say nothing new and take longer.
constexpr std::size_t kMaxPlain = std::size_t{1} << 20;

// Memory that ends where a forbidden page begins.
class Guarded {
 public:
  explicit Guarded(std::size_t size) : size_(size) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    body_ = (size + page - 1) / page * page;
    mapped_ = body_ + page;
    void* const raw =
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (raw == MAP_FAILED) std::abort();
    base_ = static_cast<std::uint8_t*>(raw);
    if (mprotect(base_ + body_, page, PROT_NONE) != 0) std::abort();
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { munmap(base_, mapped_); }

  std::span<std::uint8_t> bytes() const { return {base_ + body_ - size_, size_}; }

 private:
  const std::size_t size_;
  std::size_t body_;
  std::size_t mapped_;
  std::uint8_t* base_;
};

// What is streamed is what C-Blosc decodes, or is refused as there. It begins at an aligned address,
// so up to 31 bytes behind its end are left to be touched; they must not be.
void CompareStreamed(const ChunkHeader& header, std::span<const std::uint8_t> chunk,
                     const std::uint8_t* expected) {
  constexpr std::size_t kAlignment = 32;
  constexpr std::uint8_t kUntouched = 0xa5;
  const Guarded room((header.nbytes + kAlignment - 1) / kAlignment * kAlignment);
  std::memset(room.bytes().data(), kUntouched, room.bytes().size());
  const auto plain = room.bytes().first(header.nbytes);
  if (!CanStream(header, plain)) return;
  const bool ok = DecompressStreamed(header, chunk, plain).ok();
  if (ok != (expected != nullptr)) std::abort();
  if (ok && std::memcmp(plain.data(), expected, plain.size()) != 0) std::abort();
  for (const std::uint8_t byte : room.bytes().subspan(header.nbytes)) {
    if (byte != kUntouched) std::abort();
  }
}

void Decode(std::span<const std::uint8_t> input) {
  if (input.size() < kChunkHeaderSize) return;
  const ChunkHeader header = ReadChunkHeader(input);
  if (!ValidateChunkHeader(header).ok()) return;
  if (header.cbytes > input.size()) return;
  const Guarded chunk(header.cbytes);
  std::memcpy(chunk.bytes().data(), input.data(), header.cbytes);
  if (!ValidateChunkBody(header, chunk.bytes()).ok() || header.nbytes > kMaxPlain) return;
  const Guarded plain(header.nbytes);
  const bool ok = DecompressChunk(header, chunk.bytes(), plain.bytes()).ok();
  if (header.nbytes == 0) return;
  CompareStreamed(header, chunk.bytes(), ok ? plain.bytes().data() : nullptr);
  if (!ok) {
    // Of a part nobody can tell, but it must not reach beyond its memory.
    if (CanDecodeParts(header)) {
      const Guarded first(header.nbytes / 2);
      static_cast<void>(PartDecoder(header, chunk.bytes()).Decode(0, first.bytes()));
    }
    return;
  }

  // A part of a chunk is what stands there in the whole.
  const std::size_t start = input[header.cbytes % input.size()] % header.nbytes;
  const Guarded part((header.nbytes - start + 1) / 2);
  const auto expect_part = [&](ChunkStatus status) {
    const std::uint8_t* const expected = plain.bytes().data() + start;
    if (!status.ok()) std::abort();
    if (std::memcmp(part.bytes().data(), expected, part.bytes().size()) != 0) std::abort();
  };
  expect_part(DecompressPart(header, chunk.bytes(), start, part.bytes()));
  if (!CanDecodeParts(header)) return;
  std::memset(part.bytes().data(), 0, part.bytes().size());
  expect_part(PartDecoder(header, chunk.bytes()).Decode(start, part.bytes()));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  LinkedCodecs();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Decode({data, size});
  return 0;
}
