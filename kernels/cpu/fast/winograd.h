// winograd.h: 3x3 convolutions in all modes and their gradients by Winograd F(4x4, 3x3).
//
// Images stay NHWC. Chunks of tiles pass through transform, matrix products and inverse transform
// while they are in a cache; weights are transformed where they are used. Upsampling and pooling
// are folded in, with 25 instead of 36 products for each tile of 4x4 pixels
// (kernels/cpu/fast/simd/simd.h). Accuracy: about 1e-5 of the largest output. The order of every
// sum depends only on shapes.
#pragma once

#include "kernels/cpu/fast/scratch.h"
#include "kernels/cpu/fast/simd/simd.h"
#include "kernels/math.h"

namespace pg::cpu {

// y [n, p, q, k] from x [n, h, w, c]. The filter is [k, 3, 3, c] (forward) or [c, 3, 3, k]
// (backward).
struct WinogradConv {
  TransformIn in;
  TransformOut out;
  WeightUse use;
  int64_t n, h, w, c;
  int64_t p, q, k;
  int64_t origin;  // input pixel of the first tile's first tap
  const float* x;
  const float* filter;
  float* y;
  float scale;
  const float* bias;  // [k] or null
  float slope;
};

// dw [k, 3, 3, c] (+)= from x [n, h, w, c] and dy [n, p, q, k].
struct WinogradWeightGrad {
  TransformIn in;    // of x
  TransformIn grad;  // of dy
  int64_t n, h, w, c;
  int64_t p, q, k;
  int64_t origin;
  const float* x;
  const float* dy;
  float* dw;
  float scale;
  bool add;
};

struct CpuResources {
  const SimdKernels& simd;
  int threads;
  Scratch& scratch;
};

void winograd_conv(const CpuResources& cpu, const WinogradConv& args);
void winograd_weight_grad(const CpuResources& cpu, const WinogradWeightGrad& args);

// How a transform cuts an image into tiles.
struct TileShape {
  int64_t frequencies;  // 36 or 25
  int64_t step;         // pixels from tile to tile
};
TileShape tile_shape(TransformIn in);

// A grouped matrix (kernels/cpu/fast/simd/simd.h) for each frequency; strides in floats.
struct Grouped {
  int64_t group, group_stride, frequency;
  Grouped(int64_t channels, int64_t tiles, int64_t group_size, int64_t lanes)
      : group(group_size),
        group_stride(round_up(channels, lanes) * group_size),
        frequency(odd_lines(ceil_div(tiles, group_size) * group_stride)) {}
};

}  // namespace pg::cpu
