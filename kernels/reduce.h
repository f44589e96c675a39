// reduce.h: contracts of the reductions. Sums run in a fixed order that depends on shapes alone.
#pragma once

#include <array>

#include "kernels/tensor_view.h"

namespace pg {

// y = (or +=) scale * sum of x over every extent that is 1 in y and larger in x: the adjoint of
// broadcasting. Examples: [N,H,W,C] -> [1,1,1,C] bias gradient, -> [N,1,1,1] per sample,
// -> [1,1,1,1] total. f32 input is summed in f64 and rounded once.
struct ReduceSumArgs {
  ConstTensorView x;  // [N, H, W, C], f64, f32 or bf16
  TensorView y;       // each extent that of x, or 1; x's dtype, or f32 for bf16
  double scale = 1.0;
  Accumulate accumulate = Accumulate::overwrite;
};

// stats[0] = 1 if every element of g is finite, else 0; stats[1] = Euclidean norm of g, summed in
// f64.
// t[0] += stats[0]: the optimizer's step count advances only when the step will be applied.
// first_bad[0] += 1; where g is the first that is not finite since first_bad was set to zero,
// first_bad[1] = first_bad[0] and first_bad[2] = index of its first such element. So a host that
// looks now and then learns in which step and where it began.
struct GradCheckArgs {
  ConstTensorView g;       // any shape, f32 or f64
  TensorView stats;        // f64 [1, 1, 1, 2]
  TensorView t{};          // f64 [1, 1, 1, 1], or absent
  TensorView first_bad{};  // f64 [1, 1, 1, 3], or absent
};

// sums[i] += x[i] for i < count, where each x[i] is one number somewhere on the device: what a step
// wants to tell, collected without waiting for it.
struct AddScalarsArgs {
  static constexpr int64_t kMost = 12;
  std::array<ConstTensorView, kMost> x{};  // f32 or f64, one element each
  int64_t count = 0;                       // 1 to kMost
  TensorView sums;                         // f64 [1, 1, 1, count]
};

}  // namespace pg
