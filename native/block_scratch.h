// Memory for one block on its way through the shuffle, one for each thread and kept from call to
// call: fresh memory would cost page faults.

#ifndef BLOSCACHE_BLOCK_SCRATCH_H_
#define BLOSCACHE_BLOCK_SCRATCH_H_

#include <cstddef>
#include <cstdint>

namespace bloscache {

// At least `size` bytes with arbitrary content, until the thread's next call. Throws
// std::bad_alloc.
std::uint8_t* BlockScratch(std::size_t size);

}  // namespace bloscache

#endif  // BLOSCACHE_BLOCK_SCRATCH_H_
