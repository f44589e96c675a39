// scratch.cpp: huge pages where the system grants them; the layouts here touch many pages at once.
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
  PG_CHECK(data_ != nullptr, OutOfMemoryError, "no memory for ", bytes,
           " bytes of convolution workspace; use a smaller batch");
  madvise(data_, static_cast<size_t>(bytes), MADV_HUGEPAGE);  // advice: failure costs speed alone
  floats_ = bytes / 4;
  return data_;
}

}  // namespace pg::cpu
