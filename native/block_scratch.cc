#include "block_scratch.h"

#include <memory>

namespace bloscache {

std::uint8_t* BlockScratch(std::size_t size) {
  thread_local std::unique_ptr<std::uint8_t[]> scratch;
  thread_local std::size_t capacity = 0;
  if (capacity < size) {
    capacity = 0;
    scratch = std::make_unique_for_overwrite<std::uint8_t[]>(size);
    capacity = size;
  }
  return scratch.get();
}

}  // namespace bloscache
