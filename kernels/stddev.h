// stddev.h: contracts of the minibatch standard deviation and its derivatives.
//
// Tensors of one call have one element type, f64, f32 or bf16; with bf16, the values y and dy, one
// per sample, are f32.
#pragma once

#include "kernels/choices.h"
#include "kernels/tensor_view.h"

namespace pg {

// The groups of samples that share statistics. The N samples form `batches` separate minibatches of
// N / batches consecutive samples; each is split into M = N / batches / group groups.
struct MinibatchStddevGeometry {
  int64_t group = 4;    // samples per group, divides N / batches
  int64_t batches = 1;  // divides N
  GroupOrder order = GroupOrder::strided;
  Variance variance = Variance::biased;
  double eps = 1e-8;  // added to the variance
};

// Minibatch standard deviation (PGGAN section 3). Within each group g of samples:
//
//   v[g,h,w,c] = variance over the group's samples of x[.,h,w,c]
//   s[g]       = mean over h,w,c of sqrt(v[g,h,w,c] + eps)
//   y[n]       = s[group of n]
//
// Sums over a group stay accurate where its samples differ little; sums over positions are f64. The
// unbiased variance of a single sample is defined as 0.
struct MinibatchStddevArgs {
  ConstTensorView x;  // [N, H, W, C]
  TensorView y;       // [N, 1, 1, 1]
  MinibatchStddevGeometry geometry{};
};

// dx = gradient of <dy, y> with respect to x. With d = group size (biased) or group - 1:
//   dx[n,h,w,c] = (sum of dy over the group) / (H W C) * (x[n,h,w,c] - mean) / (d * sqrt(v + eps))
struct MinibatchStddevVjpArgs {
  ConstTensorView x;   // [N, H, W, C]
  ConstTensorView dy;  // [N, 1, 1, 1]
  TensorView dx;       // [N, H, W, C]
  MinibatchStddevGeometry geometry{};
};

// Second order: for u = cotangent of the dx above, the gradients of <u, dx(x, dy)>:
//   ddy[n]      = directional derivative of y[n] along u (the same for all samples of a group)
//   dx[n,h,w,c] = the term from the curvature of the standard deviation
// A gradient penalty without this is wrong by 3 to 6 per cent, without any sign of it.
struct MinibatchStddevVjp2Args {
  ConstTensorView x;   // [N, H, W, C]
  ConstTensorView dy;  // [N, 1, 1, 1]
  ConstTensorView u;   // [N, H, W, C]
  TensorView ddy{};    // [N, 1, 1, 1]; absent: not computed
  TensorView dx{};     // [N, H, W, C]; absent: not computed
  MinibatchStddevGeometry geometry{};
};

}  // namespace pg
