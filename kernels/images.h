// images.h: contract of the conversion of image bytes to network input.
#pragma once

#include "kernels/tensor_view.h"

namespace pg {

// Image bytes to the network's range, with mirroring and the fade-in of real images:
//
//   f[n,h,w,c] = x[n,h,w',c] * scale + shift,   w' = mirror[n] ? W - 1 - w : w
//   y          = f + (upsample(avg_pool(f)) - f) * (1 - alpha)       (f if alpha is absent)
//
// scale = 2 / 255, shift = -1 map 0..255 to -1..1.
struct ImagesToFloatArgs {
  ConstTensorView x;         // u8 [N, H, W, C]
  ConstTensorView mirror{};  // u8 [N, 1, 1, 1]; absent: no mirroring
  ConstTensorView alpha{};   // y's dtype, f32 for bf16, [1, 1, 1, 1] in device memory; absent:
                             // no fade
  TensorView y;              // [N, H, W, C], f64, f32 or bf16
  double scale = 2.0 / 255.0, shift = -1.0;
};

}  // namespace pg
