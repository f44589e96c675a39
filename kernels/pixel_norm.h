// pixel_norm.h: contracts of pixelwise normalisation and its gradient.
//
// Tensors of one call have one element type, f64, f32 or bf16; with bf16, the statistics r are f32.
#pragma once

#include "kernels/tensor_view.h"

namespace pg {

// Pixelwise feature vector normalisation (PGGAN section 4.2):
//
//   r[n,h,w]   = 1 / sqrt(mean over c of x[n,h,w,c]^2 + eps)
//   y[n,h,w,c] = x[n,h,w,c] * r[n,h,w]
//
// The order of the sum depends only on the shape, so results are reproducible bit for bit. A
// non-finite x affects only its own pixel.
struct PixelNormArgs {
  ConstTensorView x;  // [N, H, W, C], every extent >= 1
  TensorView y;       // [N, H, W, C]; may be x itself
  TensorView r{};     // [N, H, W, 1]; absent: not stored
  double eps = 1e-8;  // in units of x^2, > 0
};

// First-order gradient of the above, from the stored results of the forward pass, times the
// derivative of a leaky ReLU in front of the norm (y has the sign of x):
//
//   g[n,h,w,c]  = r[n,h,w] * (dy[n,h,w,c] - y[n,h,w,c] * mean over k of dy[n,h,w,k] * y[n,h,w,k])
//   dx[n,h,w,c] = g[n,h,w,c] * (y[n,h,w,c] > 0 ? 1 : slope)
//
// slope = 1: the norm only. Not differentiable; second-order gradients use a composition of ops.
struct PixelNormVjpArgs {
  ConstTensorView dy, y;  // [N, H, W, C], same dtype
  ConstTensorView r;      // [N, H, W, 1], as PixelNormArgs::r
  TensorView dx;          // [N, H, W, C]; may be dy itself
  double slope = 1.0;
};

}  // namespace pg
