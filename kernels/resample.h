// resample.h: contracts of nearest upsampling, average pooling and the fused fade-in.
//
// Tensors of one call have one element type, f64, f32 or bf16; with bf16, alpha is f32. Sums are
// f64 or f32, rounded once.
#pragma once

#include "kernels/tensor_view.h"

namespace pg {

// upsample:  y[n, h, w, c] = scale * x[n, h / f, w / f, c]               y is f times larger
// avg_pool:  y[n, h, w, c] = scale / f^2 * sum over an f x f block of x  y is f times smaller
//
// The vjp of upsample is avg_pool with scale * f^2, that of avg_pool is upsample with scale / f^2.
struct ResampleArgs {
  ConstTensorView x;   // [N, H, W, C]
  TensorView y;        // [N, H f, W f, C] or [N, H / f, W / f, C]; must not overlap x
  int64_t factor = 2;  // f >= 1; for avg_pool it divides H and W
  double scale = 1.0;
};

// Fade-in of a new resolution (PGGAN figure 2), upsampling and blend in one pass:
//   y[n,h,w,c] = (1 - alpha) * lo[n, h/2, w/2, c] + alpha * hi[n,h,w,c]
struct FadeInArgs {
  ConstTensorView lo;     // [N, H / 2, W / 2, C]
  ConstTensorView hi;     // [N, H, W, C]
  ConstTensorView alpha;  // [1, 1, 1, 1] in device memory, in [0, 1]
  TensorView y;           // [N, H, W, C]; may be hi itself
};

//   dlo[n,h,w,c] = (1 - alpha) * sum over the 2x2 block of dy,  dhi = alpha * dy
struct FadeInVjpArgs {
  ConstTensorView dy;     // [N, H, W, C]
  ConstTensorView alpha;  // [1, 1, 1, 1]
  TensorView dlo{};       // [N, H / 2, W / 2, C]; absent: not computed
  TensorView dhi{};       // [N, H, W, C]; absent: not computed; may be dy itself
};

}  // namespace pg
