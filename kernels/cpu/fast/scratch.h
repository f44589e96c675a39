// scratch.h: one block of working memory, reused, that grows to the largest request.
//
// With ScratchUse::measure it has no memory and only records requests; callers must then return
// before touching it. The code that uses the memory therefore also plans it.
#pragma once

#include <cstdint>

namespace pg::cpu {

// Rounds a count of floats up to whole cache lines.
constexpr int64_t whole_lines(int64_t floats) { return (floats + 15) / 16 * 16; }

// Rounds a stride up to an odd number of cache lines: strides divisible by a large power of two
// would put all frequencies of a tile into the same few cache sets.
constexpr int64_t odd_lines(int64_t floats) { return (whole_lines(floats) / 16 | 1) * 16; }

enum class ScratchUse : uint8_t { memory, measure };

// Not thread-safe. A new request invalidates the pointer returned by the last one.
class Scratch {
 public:
  explicit Scratch(ScratchUse use = ScratchUse::memory) : measures_(use == ScratchUse::measure) {}
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // Aligned to 2 MiB, contents undefined; null when measuring. Throws OutOfMemoryError.
  float* reserve(int64_t floats);

  bool measures() const { return measures_; }
  int64_t bytes() const { return floats_ * 4; }

 private:
  float* data_ = nullptr;
  int64_t floats_ = 0;
  bool measures_;
};

}  // namespace pg::cpu
