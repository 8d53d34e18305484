#include "buffer_pool.h"

#include <iterator>
#include <new>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#define BLOSCACHE_HAVE_MMAP 1
#include <sys/mman.h>
#endif

namespace bloscache {

namespace {

// Capacities are multiples of it, so that blocks for similar sizes are interchangeable.
constexpr std::size_t kGranule = std::size_t{2} << 20;
constexpr std::align_val_t kCacheLine{64};

std::size_t RoundUp(std::size_t size) {
  if (size > SIZE_MAX - 2 * kGranule) throw std::bad_alloc();
  return (size + kGranule - 1) / kGranule * kGranule;
}

#if BLOSCACHE_HAVE_MMAP

std::uint8_t* Map(std::size_t capacity) {
  void* const data = mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::uint8_t*>(data);
}

void Unmap(std::uint8_t* data, std::size_t capacity) { munmap(data, capacity); }

#else

std::uint8_t* Map(std::size_t capacity) {
  return static_cast<std::uint8_t*>(::operator new(capacity, kCacheLine));
}

void Unmap(std::uint8_t* data, std::size_t) { ::operator delete(data, kCacheLine); }

#endif

}  // namespace

Block::Block(std::size_t capacity)
    : data_(capacity >= BufferPool::kMinMapped
                ? Map(capacity)
                : static_cast<std::uint8_t*>(::operator new(capacity, kCacheLine))),
      capacity_(capacity) {}

Block::~Block() {
  if (capacity_ >= BufferPool::kMinMapped) {
    Unmap(data_, capacity_);
  } else {
    ::operator delete(data_, kCacheLine);
  }
}

std::shared_ptr<BufferPool> BufferPool::Shared() {
  // Leaked: environments may come and go while static destructors run.
  static std::mutex& mutex = *new std::mutex;
  static std::weak_ptr<BufferPool>& shared = *new std::weak_ptr<BufferPool>;
  const std::lock_guard lock(mutex);
  std::shared_ptr<BufferPool> pool = shared.lock();
  if (!pool) {
    pool = std::make_shared<BufferPool>();
    shared = pool;
  }
  return pool;
}

// No idle block is smaller than a granule, so GiveBack() never makes idle_ grow.
BufferPool::BufferPool() { idle_.reserve(kMaxIdleBytes / kGranule); }

std::shared_ptr<Block> BufferPool::Allocate(std::size_t size) {
  std::unique_ptr<Block> fresh = size >= kMinMapped ? TakeIdle(size) : nullptr;
  if (!fresh) fresh = std::make_unique<Block>(size >= kMinMapped ? RoundUp(size) : size);
  const std::shared_ptr<Block> block(fresh.release(), [pool = shared_from_this()](Block* unowned) {
    pool->GiveBack(std::unique_ptr<Block>(unowned));
  });
  const std::lock_guard lock(mutex_);
  live_[reinterpret_cast<std::uintptr_t>(block->data())] = block;
  return block;
}

std::shared_ptr<Block> BufferPool::Find(std::span<const std::uint8_t> bytes) {
  const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
  std::shared_ptr<Block> block;  // outlives the lock, which its deleter takes
  const std::lock_guard lock(mutex_);
  auto after = live_.upper_bound(address);
  if (after == live_.begin()) return nullptr;
  block = std::prev(after)->second.lock();
  if (!block) return nullptr;
  const std::size_t offset = address - reinterpret_cast<std::uintptr_t>(block->data());
  const bool inside = offset <= block->capacity() && bytes.size() <= block->capacity() - offset;
  return inside ? block : nullptr;
}

// Best fit, but not one so large that a small result would sit on memory that a large one wants.
std::unique_ptr<Block> BufferPool::TakeIdle(std::size_t size) {
  const std::lock_guard lock(mutex_);
  auto best = idle_.end();
  for (auto it = idle_.begin(); it != idle_.end(); ++it) {
    const std::size_t capacity = (*it)->capacity();
    if (capacity < size || capacity - size > size / 4 + 2 * kGranule) continue;
    if (best == idle_.end() || capacity < (*best)->capacity()) best = it;
  }
  if (best == idle_.end()) return nullptr;
  std::unique_ptr<Block> block = std::move(*best);
  idle_.erase(best);
  idle_bytes_ -= block->capacity();
  return block;
}

void BufferPool::GiveBack(std::unique_ptr<Block> block) noexcept {
  const std::size_t capacity = block->capacity();
  const bool keep = capacity >= kMinMapped && capacity <= kMaxIdleBytes;
  for (bool known = true;; known = false) {
    std::unique_ptr<Block> oldest;  // freed after the lock: that may take milliseconds
    const std::lock_guard lock(mutex_);
    if (known) live_.erase(reinterpret_cast<std::uintptr_t>(block->data()));
    if (!keep) break;
    if (idle_bytes_ + capacity <= kMaxIdleBytes) {
      idle_bytes_ += capacity;
      idle_.push_back(std::move(block));
      break;
    }
    oldest = std::move(idle_.front());
    idle_.erase(idle_.begin());
    idle_bytes_ -= oldest->capacity();
  }
}

}  // namespace bloscache
