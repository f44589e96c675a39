// adam.h: contract of the optimizer step, with the EMA of the weights.
#pragma once

#include "kernels/choices.h"
#include "kernels/tensor_view.h"

namespace pg {

// One Adam step over a range of one network's flat buffers, and its EMA:
//
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,  w as in AdamEpsilon
//   ema += (u - ema) * (1 - ema_decay),  u = w before or after this step (EmaOrder)
//
// If stats[0] is 0 (a gradient was not finite), w, m and v keep their values; the EMA is updated.
//
// A backend that keeps transformed copies of filters within w may update those of version
// w.previous to w.version in the same launch.
//
// Source: Adam (Kingma and Ba 2015); EMA of the generator (PGGAN appendix A).
struct AdamArgs {
  TensorView w, v;        // flat [1, 1, 1, count], f64 or f32 as all but lr, t and stats
  TensorView m{};         // absent: beta1 must be 0, m is g
  TensorView ema{};       // absent: not updated
  ConstTensorView g;      // flat
  ConstTensorView lr;     // f64 [1, 1, 1, 1] in device memory
  ConstTensorView t;      // f64 [1, 1, 1, 1]: number of this step, >= 1 (GradCheckArgs advances it)
  ConstTensorView stats;  // f64, see GradCheckArgs
  double beta1 = 0.0, beta2 = 0.99, eps = 1e-8;
  double ema_decay = 0.999;
  AdamEpsilon epsilon = AdamEpsilon::tensorflow;
  EmaOrder ema_order = EmaOrder::before_update;
};

}  // namespace pg
