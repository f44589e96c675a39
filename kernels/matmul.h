// matmul.h: contract of the dense matrix product, used by every fully connected layer.
#pragma once

#include "kernels/tensor_view.h"

namespace pg {

enum class Transpose : uint8_t { no, yes };

// y = (or +=) scale * op(a) * op(b), op(m) = m or its transpose.
//
//   dense layer         y  [N, K] = scale * x  [N, C] * w^T    (w is [K, C])
//   its input gradient  dx [N, C] = scale * dy [N, K] * w
//   its weight gradient dw [K, C] = scale * dy^T * x
//
// A matrix of M rows and L columns is a view with n * h * w = M and c = L.
struct MatmulArgs {
  ConstTensorView a;  // [M, L] or, transposed, [L, M]
  ConstTensorView b;  // [L, J] or, transposed, [J, L]
  TensorView y;       // [M, J], must not overlap an input
  Transpose trans_a = Transpose::no;
  Transpose trans_b = Transpose::no;
  double scale = 1.0;
  Accumulate accumulate = Accumulate::overwrite;
};

}  // namespace pg
