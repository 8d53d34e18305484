#include "pipeline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "shuffled_chunk.h"

namespace bloscache {

namespace {

// Below this many plain bytes waking a helper takes longer than doing its share.
constexpr std::size_t kMinSharedBytes = 128 * 1024;

std::size_t TotalSize(const std::vector<std::span<const std::uint8_t>>& chunks) {
  std::size_t total = 0;
  for (const auto& chunk : chunks) total += chunk.size();
  return total;
}

// For all chunks but a shorter last one. A single chunk is not worth asking what kind it is.
std::optional<ShuffledEncoder> EncoderOf(const CompressPlan& plan) {
  if (plan.chunks.size() < 2) return std::nullopt;
  return ShuffledEncoder::For(plan.codec, plan.chunks.front().size());
}

// The stored bytes from a chunk's first one to the end of `stored`; empty if there is no room for
// even a header.
std::span<const std::uint8_t> From(std::span<const std::uint8_t> stored, double position) {
  const bool inside = position >= 0 && position <= static_cast<double>(stored.size()) &&
                      position == std::floor(position);
  if (!inside) return {};
  const auto rest = stored.subspan(static_cast<std::size_t>(position));
  return rest.size() < kChunkHeaderSize ? std::span<const std::uint8_t>() : rest;
}

bool DigestMatches(Checksum checksum, std::span<const std::uint8_t> chunk,
                   std::span<const std::uint8_t> expected) {
  std::array<std::uint8_t, kMaxDigestSize> digest;
  ComputeDigest(checksum, chunk, digest);
  return std::equal(expected.begin(), expected.end(), digest.begin());
}

}  // namespace

ChunkStatus CheckChunk(Checksum checksum, std::span<const std::uint8_t> rest, std::size_t nbytes,
                       CheckedChunk* checked) {
  if (rest.size() < kChunkHeaderSize) {
    return ChunkStatus::Fault(Status::kTruncated, "its header is cut off");
  }
  const ChunkHeader header = ReadChunkHeader(rest);
  if (ChunkStatus status = ValidateChunkHeader(header); !status.ok()) return status;
  if (header.nbytes != nbytes) {
    return ChunkStatus::Fault(Status::kChunkNbytes, "nbytes " + std::to_string(header.nbytes) +
                                                        " is not " + std::to_string(nbytes));
  }
  const std::size_t digest_size = DigestSize(checksum);
  if (rest.size() < header.cbytes || rest.size() - header.cbytes < digest_size) {
    return ChunkStatus::Fault(Status::kTruncated,
                              std::to_string(rest.size()) + " bytes are left for " +
                                  std::to_string(header.cbytes) + " of the chunk and " +
                                  std::to_string(digest_size) + " of its digest");
  }
  const auto chunk = rest.first(header.cbytes);
  if (!DigestMatches(checksum, chunk, rest.subspan(header.cbytes, digest_size))) {
    return ChunkStatus::Fault(Status::kChunkChecksum, "the digest does not match");
  }
  *checked = {header, chunk};
  return ValidateChunkBody(header, chunk);
}

ChunkStatus DecompressChecked(const CheckedChunk& checked, std::size_t result_nbytes,
                              std::span<std::uint8_t> plain) {
  if (result_nbytes >= kMinStreamedBytes && CanStream(checked.header, plain)) {
    return DecompressStreamed(checked.header, checked.bytes, plain);
  }
  return DecompressChunk(checked.header, checked.bytes, plain);
}

ChunkStatus DecompressCheckedPart(const CheckedChunk& checked, std::size_t start,
                                  std::span<std::uint8_t> plain) {
  if (plain.size() <= kMaxPartBytes && CanDecodeParts(checked.header)) {
    return PartDecoder(checked.header, checked.bytes).Decode(start, plain);
  }
  return DecompressPart(checked.header, checked.bytes, start, plain);
}

CompressRun::CompressRun(std::shared_ptr<ThreadPool> pool, CompressPlan plan)
    : plan_(std::move(plan)),
      encoder_(EncoderOf(plan_)),
      sizes_(plan_.chunks.size()),
      batch_(std::move(pool), plan_.chunks.size(), plan_.max_threads,
             [this](std::size_t index) { return RunItem(index); }) {}

std::optional<ChunkFailure> CompressRun::Run() {
  if (plan_.chunks.size() > 1) Start();
  return Finish();
}

void CompressRun::Start() {
  if (TotalSize(plan_.chunks) >= kMinSharedBytes) batch_.Start();
}

std::optional<ChunkFailure> CompressRun::Finish() { return batch_.HelpAndWait(); }

ChunkStatus CompressRun::RunItem(std::size_t index) {
  const auto slot = plan_.slots.subspan(index * plan_.slot_size, plan_.slot_size);
  const auto plain = plan_.chunks[index];
  std::uint32_t cbytes = 0;
  ChunkStatus status;
  if (encoder_ && plain.size() == encoder_->nbytes()) {
    cbytes = encoder_->Compress(plain, slot);
  } else {
    status = CompressChunk(plan_.codec, plain, slot, &cbytes);
  }
  if (!status.ok()) return status;
  ComputeDigest(plan_.checksum, slot.first(cbytes), slot.subspan(cbytes));
  sizes_[index] = cbytes + static_cast<std::uint32_t>(DigestSize(plan_.checksum));
  return status;
}

DecompressRun::DecompressRun(std::shared_ptr<ThreadPool> pool, DecompressPlan plan)
    : plan_(std::move(plan)),
      batch_(std::move(pool), plan_.positions.size(), Batch::kAllThreads,
             [this](std::size_t index) { return RunItem(index); }) {}

std::optional<ChunkFailure> DecompressRun::Run() {
  if (plan_.positions.size() > 1) Start();
  return Finish();
}

void DecompressRun::Start() {
  if (plan_.plain.size() >= kMinSharedBytes) batch_.Start();
}

std::optional<ChunkFailure> DecompressRun::Finish() { return batch_.HelpAndWait(); }

ChunkStatus DecompressRun::RunItem(std::size_t index) const {
  const double position = plan_.positions[index];
  const auto rest = From(plan_.stored, position);
  if (rest.empty()) {
    return ChunkStatus::Fault(Status::kTruncated,
                              "no chunk header fits at position " + std::to_string(position) +
                                  " of " + std::to_string(plan_.stored.size()) + " bytes");
  }
  const std::size_t begin = index * plan_.chunk_size;
  const std::size_t end = std::min(begin + plan_.chunk_size, plan_.plain.size());
  const auto plain = plan_.plain.subspan(begin, end - begin);
  CheckedChunk checked;
  const ChunkStatus status = CheckChunk(plan_.checksum, rest, plain.size(), &checked);
  return status.ok() ? DecompressChecked(checked, plan_.plain.size(), plain) : status;
}

}  // namespace bloscache
