#include "napi_util.h"

#include <cmath>
#include <functional>
#include <utility>

namespace bloscache {

Napi::Error OutOfMemoryError(Napi::Env env) {
  Napi::Error error = Napi::RangeError::New(env, "Cannot allocate memory");
  error.Set("code", Napi::String::New(env, "ERR_MEMORY_ALLOCATION_FAILED"));
  return error;
}

Napi::Uint8Array ToBytesView(Napi::Value value, const std::string& name) {
  const Napi::Env env = value.Env();
  const bool is_bytes =
      value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
  if (!is_bytes) throw Napi::TypeError::New(env, name + " must be a Uint8Array");
  const auto view = value.As<Napi::Uint8Array>();
  const Napi::Value buffer = view.ArrayBuffer();
  if (!buffer.IsArrayBuffer()) {
    throw Napi::TypeError::New(env, name + " must not be on a SharedArrayBuffer");
  }
  return view;
}

Napi::Float64Array ToFloat64Array(Napi::Value value, const std::string& name) {
  const bool is_float64 =
      value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_float64_array;
  if (!is_float64) throw Napi::TypeError::New(value.Env(), name + " must be a Float64Array");
  return value.As<Napi::Float64Array>();
}

std::span<std::uint8_t> BytesOf(const Napi::Uint8Array& view, const std::string& name) {
  const Napi::Env env = view.Env();
  void* data = nullptr;
  std::size_t size = 0;
  napi_value buffer = nullptr;
  bool detached = false;
  napi_status status = napi_get_typedarray_info(env, view, nullptr, &size, &data, &buffer, nullptr);
  if (status == napi_ok) status = napi_is_detached_arraybuffer(env, buffer, &detached);
  if (status != napi_ok) throw Napi::Error::New(env);
  if (detached) throw Napi::TypeError::New(env, name + " is detached");
  // C-Blosc is never to see a null pointer, and an empty view may have one.
  static std::uint8_t nothing = 0;
  return size == 0 ? std::span<std::uint8_t>(&nothing, 0)
                   : std::span<std::uint8_t>(static_cast<std::uint8_t*>(data), size);
}

std::int64_t ToInteger(Napi::Value value, const std::string& name, std::int64_t min,
                       std::int64_t max) {
  const Napi::Env env = value.Env();
  if (!value.IsNumber()) throw Napi::TypeError::New(env, name + " must be a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  const bool within = number >= static_cast<double>(min) && number <= static_cast<double>(max) &&
                      number == std::floor(number);
  if (!within) {
    throw Napi::RangeError::New(env, name + " must be an integer within " + std::to_string(min) +
                                         ".." + std::to_string(max));
  }
  return static_cast<std::int64_t>(number);
}

Checksum ToChecksum(Napi::Value value, const std::string& name) {
  return static_cast<Checksum>(ToInteger(value, name, 0, kMaxChecksum));
}

void HeldViews::Hold(const Napi::Uint8Array& view, std::string name) {
  const auto memory = BytesOf(view, name);
  views_.Set(static_cast<std::uint32_t>(held_.size()), view);
  held_.push_back({std::move(name), memory});
}

void HeldViews::Release() {
  const Napi::Object views = views_.Value();
  views_.Reset();
  for (std::uint32_t i = 0; i < held_.size(); ++i) {
    const auto& [name, memory] = held_[i];
    const auto now = BytesOf(views.Get(i).As<Napi::Uint8Array>(), name);
    if (now.data() == memory.data() && now.size() == memory.size()) continue;
    throw Napi::TypeError::New(views.Env(), name + " has been resized");
  }
}

bool Overlap(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  if (a.empty() || b.empty()) return false;
  const std::less<const std::uint8_t*> before;
  return before(a.data(), b.data() + b.size()) && before(b.data(), a.data() + a.size());
}

}  // namespace bloscache
