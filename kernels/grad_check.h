// grad_check.h: contract of the gradient check: whether a gradient is finite, and its norm.
#pragma once

#include "kernels/tensor_view.h"

namespace pg {

// stats[0] = 1 if every element of g is finite, else 0; stats[1] = Euclidean norm of g, summed in
// f64.
// t[0] += stats[0]: the optimizer's step count advances only if the step is applied.
// first_bad[0] += 1; if g is the first gradient that is not finite since first_bad was set to zero,
// first_bad[1] = first_bad[0] and first_bad[2] = the index of its first such element. A host that
// reads them occasionally can therefore name the first bad step and its first bad element.
struct GradCheckArgs {
  ConstTensorView g;       // any shape, f32 or f64
  TensorView stats;        // f64 [1, 1, 1, 2]
  TensorView t{};          // f64 [1, 1, 1, 1], or absent
  TensorView first_bad{};  // f64 [1, 1, 1, 3], or absent
};

}  // namespace pg
