// conv.h: contracts of convolution and of its two gradients, in three resampling modes.
//
// conv2d(x, w), conv2d_input_grad(dy, w) and conv2d_weight_grad(dy, x) are the partial derivatives
// of one trilinear form F(x, w, dy) = <dy, conv(x, w)>, so each one's vjp is the other two. The
// resampling and the equalized-LR constant belong to the form.
#pragma once

#include "kernels/tensor_view.h"

namespace pg {

// same: y = conv(x).   up: y = conv(nearest_upsample_2x(x)).   down: y = average_pool_2x2(conv(x)).
// up and down need R = S = 3 and pad = 1, and take 2.25 times less work than the two steps
// (docs: DESIGN.md, Convolution). down pools before any bias, as the official default network does.
enum class ConvMode : uint8_t { same, up, down };

struct ConvGeometry {
  ConvMode mode = ConvMode::same;
  int64_t pad = 1;     // zeros added on each side, >= 0; stride is 1
  double scale = 1.0;  // equalized-LR constant (PGGAN section 4.1), multiplies the result
};

// With xu = x (same, down) or the upsampled x (up), cross-correlation without flip:
//
//   c[n,p,q,k] = scale * sum over r,s,c of xu[n, p+r-pad, q+s-pad, c] * w[k,r,s,c]
//   y          = c (same, up) or the mean of each 2x2 block of c (down)
//
// then, in this order, each if its tensor is present:
//
//   y = lrelu(y + b), lrelu(v) = v > 0 ? v : slope * v
//   y = pixel_norm(y), with r stored (pixel_norm.h)
//   y = y * (gate > 0 ? 1 : gate_slope)
//
// y is [N, P, Q, K] with P = H + 2 pad - R + 1 (same), 2 H (up), H / 2 (down; H and W even).
// f64 sums in f64, f32 and bf16 in f32; the order of a sum depends only on shapes. Filters used
// with bf16 tensors are f32; like both factors in MatrixMath::tf32, they may be rounded to the
// nearest bf16 (tf32), after adding the taps that up and down make equal.
struct Conv2dArgs {
  ConstTensorView x;    // [N, H, W, C]
  ConstTensorView w;    // [K, R, S, C]; with a version, a backend may keep a transformed copy
  ConstTensorView b{};  // [1, 1, 1, K], or absent: no bias or activation
  TensorView y;         // [N, P, Q, K], must not overlap an input
  ConvGeometry geometry{};
  double slope = 1.0;      // of lrelu, if b is present; 1: bias only
  TensorView r{};          // [N, P, Q, 1], PixelNormArgs::r; absent: no norm
  double norm_eps = 1e-8;  // PixelNormArgs::eps
  ConstTensorView gate{};  // as y, LeakyGateArgs::ref; absent: no gate. May not overlap y
  double gate_slope = 0.2;
};

// dx = the gradient of <dy, conv2d(x, w)> with respect to x (no bias or activation); then, in this
// order, each if its tensor is present:
//
//   dx = r * (dx - gate * mean over c of dx[n,h,w,c] * gate[n,h,w,c])
//   dx = dx * (gate > 0 ? 1 : gate_slope)
//
// With gate, the result (or argument) of an lrelu, dx is the gradient with respect to the argument
// of that lrelu. With r as well, it is the gradient with respect to the argument of
// pixel_norm(lrelu(.)), where gate is the result of the norm and r its statistics
// (PixelNormVjpArgs in pixel_norm.h); r needs gate. In bf16, dx may be rounded before the first
// line.
struct Conv2dInputGradArgs {
  ConstTensorView dy;  // [N, P, Q, K]
  ConstTensorView w;   // [K, R, S, C]
  TensorView dx;       // [N, H, W, C], must not overlap an input
  ConvGeometry geometry{};
  ConstTensorView gate{};  // as dx; absent: no gate
  double gate_slope = 0.2;
  ConstTensorView r{};  // [N, H, W, 1], PixelNormVjpArgs::r; absent: no norm
};

// dw = (or +=) the gradient of <dy, conv2d(x, w)> with respect to w. If db is present, also
// db[k] = (or +=) the sum over n, p, q of dy[n,p,q,k]: the gradient of a bias, without scale or
// resampling. A backend that rounds the factors of dw (MatrixMath::tf32) may also round dy in db.
struct Conv2dWeightGradArgs {
  ConstTensorView dy;  // [N, P, Q, K]
  ConstTensorView x;   // [N, H, W, C]
  TensorView dw;       // [K, R, S, C], must not overlap an input
  ConvGeometry geometry{};
  Accumulate accumulate = Accumulate::overwrite;
  TensorView db{};  // [1, 1, 1, K] in the type of dw, or absent: not computed
  Accumulate db_accumulate = Accumulate::overwrite;
};

}  // namespace pg
