// Arguments in, errors out: what all calls from JavaScript share.
//
// The checks here are those that memory safety needs; src/blosc/codec.ts has already checked what
// users pass. All functions are for the JavaScript thread of `env`, and throw Napi::Error.

#ifndef BLOSCACHE_NAPI_UTIL_H_
#define BLOSCACHE_NAPI_UTIL_H_

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "buffer_pool.h"
#include "checksum.h"
#include "lmdb_env.h"
#include "lmdb_write.h"
#include "range_lock.h"
#include "thread_pool.h"

namespace bloscache {

// An LMDB environment in the hands of JavaScript.
struct LmdbHandle {
  explicit LmdbHandle(LmdbEnv* opened) : env(opened), reader(opened) {}

  LmdbEnv* const env;
  LmdbReader reader;
  std::shared_ptr<LmdbWrites> writes;  // the last ones begun, if any
};

// What an environment (the main thread, a worker) owns; the addon has no other state that refers
// to an environment.
struct EnvData {
  std::shared_ptr<ThreadPool> threads = ThreadPool::Shared();
  std::shared_ptr<BufferPool> buffers = BufferPool::Shared();
  std::vector<std::unique_ptr<LmdbHandle>> lmdb = {};
  std::vector<std::unique_ptr<RangeLock>> range_locks = {};
  // Of these, the places to be used again.
  std::vector<std::size_t> closed_range_locks = {};

  static EnvData& Of(Napi::Env env) { return *env.GetInstanceData<EnvData>(); }
};

Napi::Error OutOfMemoryError(Napi::Env env);

// Returns call(), with C++ exceptions turned into JavaScript ones. Everything that JavaScript calls
// is wrapped in it: node-addon-api ends the process on exceptions which are not its own.
template <typename Function>
auto Guarded(Napi::Env env, Function call) {
  try {
    return call();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw OutOfMemoryError(env);
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
}

// `value` as a Uint8Array on an ArrayBuffer; TypeError naming the argument otherwise. Memory on a
// SharedArrayBuffer is refused: it may change between a check and its use.
Napi::Uint8Array ToBytesView(Napi::Value value, const std::string& name);

// `value` as a Float64Array; TypeError naming the argument otherwise.
Napi::Float64Array ToFloat64Array(Napi::Value value, const std::string& name);

// The memory of the view; TypeError naming the argument if it is detached. Valid until JavaScript
// runs again: so read every argument with ToBytesView() first, and then the memory of all of them.
std::span<std::uint8_t> BytesOf(const Napi::Uint8Array& view, const std::string& name);

// A whole number within [min, max]; TypeError or RangeError naming the argument otherwise.
std::int64_t ToInteger(Napi::Value value, const std::string& name, std::int64_t min,
                       std::int64_t max);

Checksum ToChecksum(Napi::Value value, const std::string& name);

// Views that a call begun earlier works on in place: keeps them from being collected, and tells in
// the end whether somebody has moved their memory meanwhile, against the promise not to.
class HeldViews {
 public:
  explicit HeldViews(Napi::Env env)
      : views_(Napi::Persistent(Napi::Object(Napi::Array::New(env)))) {}

  void Hold(const Napi::Uint8Array& view, std::string name);

  // Lets go of all views. TypeError naming the first that is no longer where it was.
  void Release();

 private:
  struct Held {
    std::string name;
    std::span<const std::uint8_t> memory;
  };

  Napi::ObjectReference views_;
  std::vector<Held> held_;
};

bool Overlap(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

}  // namespace bloscache

#endif  // BLOSCACHE_NAPI_UTIL_H_
