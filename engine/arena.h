// arena.h: memory for tensors, cut from large blocks of one backend.
//
// Two live in every Context: one for what stays (parameters, optimizer state), one for what a step
// makes. The same sequence of requests gives the same addresses, step after step, which captured
// graphs rely on, and memory stays flat because nothing goes back to the system in between, but
// when a stage ends (trim), so that what one stage holds does not depend on those before it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "kernels/backend.h"

namespace pg {

class Arena {
 public:
  // Requests `block_bytes` (or more, for a larger tensor) from the backend at a time.
  Arena(Backend& backend, int64_t block_bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // The smallest free range that fits, the lowest among equals. 64-byte aligned, not cleared.
  // Throws OutOfMemoryError when the backend has no memory left.
  void* allocate(int64_t bytes);
  void release(void* p) noexcept;
  // Gives blocks back in which nothing is in use.
  void trim();

  int64_t peak_bytes() const { return peak_; }
  int64_t reserved_bytes() const { return reserved_; }
  // Of the blocks, up to the highest byte that was ever in use: what they cost where memory counts
  // from the first write on.
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
    int64_t touched = 0;  // end of the highest range that was in use
  };
  void grow(int64_t bytes);
  void insert_free(Address a, const Range& r);
  void erase_free(Address a, const Range& r);

  Backend& backend_;
  int64_t block_bytes_;
  int64_t in_use_ = 0, peak_ = 0, reserved_ = 0;
  int next_order_ = 0;
  std::map<Address, Range> ranges_;                   // all ranges, by address
  std::set<std::tuple<int64_t, int, Address>> free_;  // by size, then block, then address
  std::map<int, Block> blocks_;
};

}  // namespace pg
