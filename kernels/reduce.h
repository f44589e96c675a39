// reduce.h: contract of the reduction. Sums run in a fixed order that depends only on shapes.
#pragma once

#include "kernels/tensor_view.h"

namespace pg {

// y = (or +=) scale * sum of x over every extent that is 1 in y and larger in x: the adjoint of
// broadcasting. Examples: [N,H,W,C] -> [1,1,1,C] bias gradient, -> [N,1,1,1] per sample,
// -> [1,1,1,1] total. Up to 64 f32 or bf16 terms may be added in f32; all other sums are f64.
struct ReduceSumArgs {
  ConstTensorView x;  // [N, H, W, C], f64, f32 or bf16
  TensorView y;       // each extent that of x, or 1; x's dtype, or f32 for bf16
  double scale = 1.0;
  Accumulate accumulate = Accumulate::overwrite;
};

// y[n] = sum over h, w and c of x[n,h,w,c]^2, summed as above.
struct SumSquaresArgs {
  ConstTensorView x;  // [N, H, W, C], f64, f32 or bf16
  TensorView y;       // [N, 1, 1, 1], x's dtype, or f32 for bf16
};

}  // namespace pg
