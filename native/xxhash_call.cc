#include "xxhash_call.h"

#include <cstring>
#include <span>
#include <type_traits>

#include "napi_util.h"
#include "xxhash64.h"

namespace bloscache {

namespace {

// The memory of a hasher: state, digest, window. The same numbers are in src/blosc/xxhash.ts.
constexpr std::size_t kDigestAt = 112;
constexpr std::size_t kWindowAt = 128;

static_assert(std::is_trivially_copyable_v<Xxh64Pair> && sizeof(Xxh64Pair) <= kDigestAt);
static_assert(kDigestAt + Xxh64Pair::kDigestSize <= kWindowAt);

std::span<std::uint8_t> HasherMemory(const Napi::Uint8Array& view) {
  const auto memory = BytesOf(view, "memory");
  if (memory.size() < kWindowAt) throw Napi::RangeError::New(view.Env(), "memory is too short");
  return memory;
}

// Copied in and out: the memory may be aligned in any way.
Xxh64Pair StateIn(std::span<const std::uint8_t> memory) {
  Xxh64Pair state;
  std::memcpy(static_cast<void*>(&state), memory.data(), sizeof(state));
  return state;
}

void PutState(std::span<std::uint8_t> memory, const Xxh64Pair& state) {
  std::memcpy(memory.data(), &state, sizeof(state));
}

}  // namespace

Napi::Value XxhashWindow(const Napi::CallbackInfo& info) {
  const auto memory = HasherMemory(ToBytesView(info[0], "memory"));
  const auto window = memory.subspan(kWindowAt);
  const auto max = static_cast<std::int64_t>(window.size());
  const auto nbytes = static_cast<std::size_t>(ToInteger(info[1], "nbytes", 0, max));
  Xxh64Pair state = StateIn(memory);
  state.Update(window.first(nbytes));
  state.Digest(memory.subspan<kDigestAt, Xxh64Pair::kDigestSize>());
  PutState(memory, state);
  return info.Env().Undefined();
}

Napi::Value XxhashBytes(const Napi::CallbackInfo& info) {
  const auto view = ToBytesView(info[0], "memory");
  const auto source = ToBytesView(info[1], "bytes");
  const auto memory = HasherMemory(view);
  Xxh64Pair state = StateIn(memory);
  state.Update(BytesOf(source, "bytes"));
  PutState(memory, state);
  return info.Env().Undefined();
}

}  // namespace bloscache
