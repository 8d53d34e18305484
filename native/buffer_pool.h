// Large memory, recycled.
//
// A result of 80 MB in fresh memory costs 20,000 page faults, which take longer than decompressing
// into it. So memory that is no longer used is kept for the next result. No huge pages are asked
// for: on a virtual machine whose host had not backed them yet, the first result of 80 MB took 60
// to 290 ms with them and 55 to 65 ms without, and recycled memory was as fast either way.

#ifndef BLOSCACHE_BUFFER_POOL_H_
#define BLOSCACHE_BUFFER_POOL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace bloscache {

// Uninitialised memory. Owners hold it by shared_ptr; the last one to let go gives it back.
class Block {
 public:
  explicit Block(std::size_t capacity);  // throws std::bad_alloc
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block();

  std::uint8_t* data() const { return data_; }
  std::size_t capacity() const { return capacity_; }

 private:
  std::uint8_t* data_;
  std::size_t capacity_;
};

// May be used from several threads without external synchronization.
class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  // From this size on blocks are mapped and recycled; smaller ones come from operator new.
  static constexpr std::size_t kMinMapped = std::size_t{1} << 20;
  static constexpr std::size_t kMaxIdleBytes = std::size_t{256} << 20;

  // The pool of this process. It lives as long as an environment (see EnvData) or a block does, so
  // that unloading the addon frees what is idle.
  static std::shared_ptr<BufferPool> Shared();

  BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // A block of at least `size` bytes. Throws std::bad_alloc. It contains anything, such as what
  // earlier owners left.
  std::shared_ptr<Block> Allocate(std::size_t size);

  // The live block which contains all of `bytes`, or null.
  std::shared_ptr<Block> Find(std::span<const std::uint8_t> bytes);

 private:
  std::unique_ptr<Block> TakeIdle(std::size_t size);
  void GiveBack(std::unique_ptr<Block> block) noexcept;

  std::mutex mutex_;
  std::map<std::uintptr_t, std::weak_ptr<Block>> live_;  // GUARDED_BY(mutex_), by first address
  std::vector<std::unique_ptr<Block>> idle_;             // GUARDED_BY(mutex_), oldest first
  std::size_t idle_bytes_ = 0;                           // GUARDED_BY(mutex_)
};

}  // namespace bloscache

#endif  // BLOSCACHE_BUFFER_POOL_H_
