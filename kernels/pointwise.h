// pointwise.h: contracts of the elementwise kernels without broadcasting.
//
// Tensors of one call have one element type, f64, f32 or bf16; with bf16, the bias b is f32. Values
// are computed in f64 or f32 and rounded once.
#pragma once

#include "kernels/tensor_view.h"

namespace pg {

// y = lrelu(x + b), lrelu(v) = v > 0 ? v : slope * v.
struct BiasLreluArgs {
  ConstTensorView x;    // [N, H, W, C]
  ConstTensorView b{};  // [1, 1, 1, C], or absent: no bias
  TensorView y;         // as x; may be x itself
  double slope = 0.2;   // 1: bias only
};

// y = x * (ref > 0 ? 1 : slope): the derivative of lrelu, from its argument or its result (both
// have the same sign). It is linear in x, so it is also its own vjp.
struct LeakyGateArgs {
  ConstTensorView x, ref;  // [N, H, W, C]
  TensorView y;            // as x; may be x itself
  double slope = 0.2;
};

// y = f(x) for each element.
enum class UnaryOp : uint8_t { square, sqrt, reciprocal, exp, log, tanh, sigmoid, softplus };
struct UnaryArgs {
  ConstTensorView x;
  TensorView y;  // as x; may be x itself
  UnaryOp op = UnaryOp::square;
};

// y = scale * x + shift (overwrite) or y += scale * x + shift (add).
struct AffineArgs {
  ConstTensorView x;
  TensorView y;  // as x; may be x itself
  double scale = 1.0, shift = 0.0;
  Accumulate accumulate = Accumulate::overwrite;
};

// y = x in y's element type: f64, f32 or bf16, rounded once, to nearest even.
struct ConvertArgs {
  ConstTensorView x;
  TensorView y;  // as many elements as x; must not overlap x
};

// y[i] = value.
struct FillArgs {
  TensorView y;
  double value = 0.0;
};

}  // namespace pg
