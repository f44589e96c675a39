// thin.h: 1x1 convolutions with at most kMaxThin channels on one side, on all threads.
#pragma once

#include "kernels/cpu/fast/winograd.h"

namespace pg::cpu {

// out [pixels, outs] = lrelu(scale * in [pixels, ins] * op(filter) + bias). The filter is
// [outs, ins] (forward) or [ins, outs] (backward). ins or outs is at most kMaxThin.
struct ThinConv {
  int64_t pixels, ins, outs;
  const float* in;
  const float* filter;
  WeightUse use;
  float* out;
  float scale;
  const float* bias;  // [outs] or null
  float slope;
};

// dw [k, c] (+)= scale * dy [pixels, k]^T * x [pixels, c]; c or k is at most kMaxThin.
struct ThinWeightGrad {
  int64_t pixels, c, k;
  const float* x;
  const float* dy;
  float* dw;
  float scale;
  bool add;
};

void thin_conv(const CpuResources& cpu, const ThinConv& args);
void thin_weight_grad(const CpuResources& cpu, const ThinWeightGrad& args);

}  // namespace pg::cpu
