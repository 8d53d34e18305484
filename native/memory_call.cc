#include "memory_call.h"

#include <atomic>
#include <memory>

#include "buffer_pool.h"
#include "checksum.h"
#include "napi_util.h"

namespace bloscache {

namespace {

constexpr std::int64_t kMaxSafeInteger = (std::int64_t{1} << 53) - 1;

// The finalizer of an external ArrayBuffer runs in a later turn of the event loop. A loop that
// never yields would hoard memory that it has long dropped, so there is a limit to how much of it
// may be out; V8 collects ordinary ArrayBuffers at once.
constexpr std::size_t kMaxExternalBytes = std::size_t{1} << 30;
std::atomic<std::size_t> external_bytes{0};

// A block in the hands of JavaScript.
class ExternalBlock {
 public:
  explicit ExternalBlock(std::size_t nbytes) : block_(BufferPool::Shared()->Allocate(nbytes)) {
    external_bytes += block_->capacity();
  }
  ExternalBlock(const ExternalBlock&) = delete;
  ExternalBlock& operator=(const ExternalBlock&) = delete;
  ~ExternalBlock() { external_bytes -= block_->capacity(); }

  std::uint8_t* data() const { return block_->data(); }

 private:
  std::shared_ptr<Block> block_;
};

// Through the constructor, which throws a RangeError when memory is short; napi_create_arraybuffer
// ends the process.
Napi::Value OrdinaryArrayBuffer(Napi::Env env, std::int64_t nbytes) {
  const auto constructor = env.Global().Get("ArrayBuffer").As<Napi::Function>();
  return constructor.New({Napi::Number::New(env, static_cast<double>(nbytes))});
}

// Null if the runtime allows no external buffers (a V8 with a memory cage, such as Electron's).
// V8 counts external ArrayBuffers in its heap limits itself: no napi_adjust_external_memory.
Napi::Value ExternalArrayBuffer(Napi::Env env, std::size_t nbytes) {
  auto block = std::make_unique<ExternalBlock>(nbytes);
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      env, block->data(), nbytes,
      [](napi_env, void*, void* hint) { delete static_cast<ExternalBlock*>(hint); }, block.get(),
      &buffer);
  if (status == napi_no_external_buffers_allowed) return Napi::Value();
  if (status != napi_ok) throw Napi::Error::New(env);
  block.release();  // the finalizer owns it now
  return Napi::Value(env, buffer);
}

}  // namespace

Napi::Value Allocate(const Napi::CallbackInfo& info) {
  const std::int64_t nbytes = ToInteger(info[0], "nbytes", 0, kMaxSafeInteger);
  const auto size = static_cast<std::size_t>(nbytes);
  if (size >= BufferPool::kMinMapped && external_bytes + size <= kMaxExternalBytes) {
    const Napi::Value buffer = ExternalArrayBuffer(info.Env(), size);
    if (!buffer.IsEmpty()) return buffer;
  }
  return OrdinaryArrayBuffer(info.Env(), nbytes);
}

Napi::Value Digest(const Napi::CallbackInfo& info) {
  const Checksum checksum = ToChecksum(info[0], "checksum");
  const auto view = ToBytesView(info[1], "bytes");
  auto digest = Napi::Uint8Array::New(info.Env(), DigestSize(checksum));
  ComputeDigest(checksum, BytesOf(view, "bytes"), {digest.Data(), digest.ByteLength()});
  return digest;
}

}  // namespace bloscache
