// fast.h: the fast f32 kernels of the CPU backend: Winograd, im2col, thin 1x1 and dense products,
// pixel norm.
#pragma once

#include <memory>

#include "kernels/conv.h"
#include "kernels/cpu/fast/scratch.h"
#include "kernels/cpu/fast/simd/simd.h"
#include "kernels/matmul.h"
#include "kernels/pixel_norm.h"

namespace pg::cpu {

// Each call returns false, having written nothing, if it does not support the shape or element
// type; the caller then uses the direct loops. Results do not depend on the number of threads; they
// differ in rounding between instruction sets. Working memory is kept and grows to the largest
// request.
//
// Versions of filters are not used: a transformed filter is four times as large as the filter, and
// reading it back from memory takes longer than transforming it again in the cache.
//
// With ScratchUse::measure nothing is computed, and bytes() returns the working memory that the
// calls need; the addresses passed may be invalid.
class FastPath {
 public:
  explicit FastPath(int threads, ScratchUse use = ScratchUse::memory);  // threads >= 1
  // For tests; isa must be available.
  FastPath(int threads, Isa isa, ScratchUse use = ScratchUse::memory);
  ~FastPath();

  bool conv2d(const Conv2dArgs& args);
  bool conv2d_input_grad(const Conv2dInputGradArgs& args);
  bool conv2d_weight_grad(const Conv2dWeightGradArgs& args);
  bool matmul(const MatmulArgs& args);
  bool pixel_norm(const PixelNormArgs& args);

  // Working memory held, in bytes.
  int64_t bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pg::cpu
