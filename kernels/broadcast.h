// broadcast.h: contracts of elementwise kernels whose inputs repeat along some extents.
//
// Tensors of one call have one element type, f64, f32 or bf16; with bf16, the weight t is f32.
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

// y = a + (b - a) * t, so t is the weight of b. t is in device memory: [1, 1, 1, 1], or [N, 1, 1,
// 1] with one value per sample. If a or b is absent, it is zero, and
//
//   y = a * (1 - t)  or  y = b * t,  times (gate > 0 ? 1 : gate_slope)
//
// which are also the derivatives, followed by that of a leaky ReLU.
struct LerpArgs {
  ConstTensorView a{}, b{};  // [N, H, W, C]; one may be absent
  ConstTensorView t;
  TensorView y;            // as a and b; may be an input
  ConstTensorView gate{};  // as y; absent: no gate; only if a or b is absent
  double gate_slope = 1.0;
};

// y[n,h,w, y_first + i] = (or +=) x[n,h,w, x_first + i] for 0 <= i < count. The other channels of y
// are set to zero (overwrite) or kept (add).
// x may be [N, 1, 1, Cx] with y [N, H, W, Cy]; then every pixel receives the values of its sample.
struct CopyChannelsArgs {
  ConstTensorView x;
  TensorView y;
  int64_t x_first = 0, y_first = 0, count = 0;
  Accumulate accumulate = Accumulate::overwrite;
};

}  // namespace pg
