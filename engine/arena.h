// arena.h: memory for tensors, cut from large blocks of one backend.
//
// Every Context has two: one for persistent memory (parameters, optimizer state), one for the
// results of an iteration. The same sequence of requests yields the same addresses in every
// iteration, which captured graphs rely on. Memory returns to the system only at the end of a stage
// (trim), so memory use is constant and independent of earlier stages.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "kernels/backend.h"

namespace pg {

class Arena {
 public:
  // Blocks of the backend are `block_bytes` long, or longer to hold a larger tensor.
  Arena(Backend& backend, int64_t block_bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // The smallest free range that fits; among equals, the lowest address of the oldest block.
  // 64-byte aligned, not cleared. Throws OutOfMemoryError if the backend has no memory left.
  void* allocate(int64_t bytes);
  void release(void* p) noexcept;
  // Returns unused blocks to the backend.
  void trim();

  // Largest number of bytes in use at one time.
  int64_t peak_bytes() const { return peak_; }
  // Bytes of all blocks.
  int64_t reserved_bytes() const { return reserved_; }
  // Bytes of each block up to the highest one ever in use: the cost on a system that backs memory
  // at its first write.
  int64_t touched_bytes() const;

 private:
  struct Range {
    int64_t bytes;
    int block;  // ranges of different blocks never join
    bool free;
  };
  using Address = char*;
  struct Block {
    Address address;
    int64_t bytes;
    int64_t touched = 0;  // end of the highest range ever in use
  };
  void grow(int64_t bytes);
  void insert_free(Address a, const Range& r);
  void erase_free(Address a, const Range& r);

  Backend& backend_;
  int64_t block_bytes_;
  int64_t in_use_ = 0, peak_ = 0, reserved_ = 0;
  int next_order_ = 0;
  std::map<Address, Range> ranges_;                   // used and free
  std::set<std::tuple<int64_t, int, Address>> free_;  // by size, then block, then address
  std::map<int, Block> blocks_;
};

}  // namespace pg
