// memory.h: device memory at addresses that are never used twice, and who touched it in a launch.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pg::ptx {

struct Allocation {
  uint64_t begin = 0, end = 0;
  bool freed = false;
};

// Memory larger than this stays untouched pages, so tensors larger than the machine's memory can be
// sampled; smaller memory is filled with 0xFF, which is NaN in every format.
constexpr size_t kPoisonedBytes = size_t{256} << 20;
constexpr size_t kPoisonedInSample = size_t{1} << 20;  // if a sample of the blocks runs

// The address, a multiple of 256; 0 if there is no memory left.
uint64_t allocate(size_t bytes);
// False: the address is not the first of a live allocation.
bool release(uint64_t address);
// The last allocation that starts at or before the address.
const Allocation* find_allocation(uint64_t address);
// Throws Error unless all bytes are inside one live allocation. what: for the message.
void require_device(uint64_t address, size_t bytes, const char* what);

// Races between blocks (Options::global_races): two blocks that meet in a cell of two bytes, and
// writes to memory that ld.global.nc reads. The notes throw Error.
void next_launch();
void note_global_read(uint64_t address, uint32_t size, uint32_t block, bool constant);
void note_global_write(uint64_t address, uint32_t size, const void* value, uint32_t block);

}  // namespace pg::ptx
