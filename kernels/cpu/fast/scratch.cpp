// scratch.cpp: working memory in huge pages if available, since the kernels touch many pages at
// once.
#include "kernels/cpu/fast/scratch.h"

#include <sys/mman.h>

#include <cstdlib>

#include "kernels/error.h"
#include "kernels/math.h"

namespace pg::cpu {

namespace {
constexpr int64_t kAlignment = int64_t{2} << 20;
}

Scratch::~Scratch() { std::free(data_); }

float* Scratch::reserve(int64_t floats) {
  if (floats <= floats_) return data_;
  const int64_t bytes = round_up(floats * 4, kAlignment);
  if (measures_) {
    floats_ = bytes / 4;
    return nullptr;
  }
  std::free(data_);
  floats_ = 0;
  data_ = static_cast<float*>(std::aligned_alloc(kAlignment, static_cast<size_t>(bytes)));
  PG_CHECK(data_ != nullptr, OutOfMemoryError, "cannot allocate ", bytes,
           " bytes of convolution workspace; choose a smaller minibatch");
  madvise(data_, static_cast<size_t>(bytes), MADV_HUGEPAGE);  // only advice: failure costs speed
  floats_ = bytes / 4;
  return data_;
}

}  // namespace pg::cpu
