// scratch.h: one block of working memory that grows to the largest request and is used again.
//
// One that measures has no memory and only notes the requests: callers must then return before they
// touch it. So a plan of what a run needs comes from the code that will need it.
#pragma once

#include <cstdint>

namespace pg::cpu {

// Rounds a count of floats up to whole cache lines.
constexpr int64_t whole_lines(int64_t floats) { return (floats + 15) / 16 * 16; }

// Rounds a stride up to an odd number of cache lines: strides that share a large power of two would
// send all frequencies of a tile to the same few cache sets.
constexpr int64_t odd_lines(int64_t floats) { return (whole_lines(floats) / 16 | 1) * 16; }

enum class ScratchUse : uint8_t { memory, measure };

// Not thread-safe. A new request ends the life of what the last one returned.
class Scratch {
 public:
  explicit Scratch(ScratchUse use = ScratchUse::memory) : measures_(use == ScratchUse::measure) {}
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // Aligned to 2 MiB, contents undefined; null where it measures. Throws OutOfMemoryError.
  float* reserve(int64_t floats);

  bool measures() const { return measures_; }
  int64_t bytes() const { return floats_ * 4; }

 private:
  float* data_ = nullptr;
  int64_t floats_ = 0;
  bool measures_;
};

}  // namespace pg::cpu
