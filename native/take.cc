#include "take.h"

#include <cstring>
#include <memory>
#include <utility>

#include "blosc_chunk.h"
#include "pipeline.h"
#include "shuffled_chunk.h"

namespace bloscache {

namespace {

bool AreSmall(const std::vector<TakenPiece>& pieces) {
  std::size_t total = 0;
  for (const TakenPiece& piece : pieces) total += piece.nbytes;
  return total <= kMaxPartBytes;
}

ChunkStatus DecodePieces(const CheckedChunk& checked, const std::vector<TakenPiece>& pieces,
                         std::span<std::uint8_t> plain) {
  PartDecoder decoder(checked.header, checked.bytes);
  for (const TakenPiece& piece : pieces) {
    const ChunkStatus status =
        decoder.Decode(piece.start, plain.subspan(piece.target, piece.nbytes));
    if (!status.ok()) return status;
  }
  return {};
}

// Throws std::bad_alloc.
ChunkStatus CopyPieces(const CheckedChunk& checked, const std::vector<TakenPiece>& pieces,
                       std::span<std::uint8_t> plain) {
  const std::size_t nbytes = checked.header.nbytes;
  const auto whole = std::make_unique_for_overwrite<std::uint8_t[]>(nbytes);
  const ChunkStatus status = DecompressChunk(checked.header, checked.bytes, {whole.get(), nbytes});
  if (!status.ok()) return status;
  for (const TakenPiece& piece : pieces) {
    std::memcpy(plain.data() + piece.target, whole.get() + piece.start, piece.nbytes);
  }
  return {};
}

}  // namespace

TakeRun::TakeRun(std::shared_ptr<ThreadPool> pool, TakePlan plan)
    : plan_(std::move(plan)),
      batch_(std::move(pool), plan_.chunks.size(), Batch::kAllThreads,
             [this](std::size_t index) { return RunItem(index); }) {}

bool TakeRun::Run() {
  if (plan_.chunks.size() > 1) batch_.Start();
  return !batch_.HelpAndWait();
}

ChunkStatus TakeRun::RunItem(std::size_t index) const {
  const TakenChunk& taken = plan_.chunks[index];
  const FileChunkReader reader(plan_.descriptor, plan_.checksum, taken.chunk);
  if (!reader.status().ok()) return reader.status();
  const CheckedChunk& checked = reader.checked();
  return CanDecodeParts(checked.header) && AreSmall(taken.pieces)
             ? DecodePieces(checked, taken.pieces, plan_.plain)
             : CopyPieces(checked, taken.pieces, plan_.plain);
}

}  // namespace bloscache
