// broadcast.h: contracts of elementwise kernels whose inputs repeat over some extents.
//
// Tensors of one call have one element type, f64, f32 or bf16; beside bf16, the weight t is f32.
// Values are computed in f64 or f32 and rounded once.
#pragma once

#include "kernels/tensor_view.h"

namespace pg {

// y = a op b with broadcasting: an extent of 1 in a or b is repeated to the extent of y.
enum class BinaryOp : uint8_t { add, sub, mul, div };
struct BinaryArgs {
  ConstTensorView a, b;
  TensorView y;  // each extent the larger of a's and b's; may be an input of the same shape
  BinaryOp op = BinaryOp::add;
};

// y = a + (b - a) * t, so t is the weight of b. t lives in device memory: [1, 1, 1, 1] or, one
// value for each sample, [N, 1, 1, 1].
struct LerpArgs {
  ConstTensorView a, b;  // [N, H, W, C]
  ConstTensorView t;
  TensorView y;  // as a; may be an input
};

// y[n,h,w, y_first + i] = x[n,h,w, x_first + i] for 0 <= i < count. Every other channel of y is set
// to zero (overwrite) or left alone (add, which also adds the copied channels).
// x may be [N, 1, 1, Cx] with y [N, H, W, Cy]: then each pixel receives the sample's values.
struct CopyChannelsArgs {
  ConstTensorView x;
  TensorView y;
  int64_t x_first = 0, y_first = 0, count = 0;
  Accumulate accumulate = Accumulate::overwrite;
};

}  // namespace pg
