// fprop.h: convolution and its input gradient as implicit matrix products on tensor cores.
//
// Rows are pixels (of the low-resolution image where the mode resamples), columns are output
// channels, the summed index runs over taps and input channels. Each result is one sum in the order
// of that index, so all candidates give the same bits, but for the norm's mean.
#pragma once

#include <vector>

#include "kernels/conv.h"
#include "kernels/cuda/conv/filters/packed_filters.h"

namespace pg::cuda {

// What Conv2dArgs and Conv2dInputGradArgs come down to:
//   out = gate(norm(lrelu(factor * form(in, w) + b))), the last three where given; norm: the pixel
//   norm, r stored, or its gradient, vjp_r given and gate its y.
struct FpropProblem {
  TapPattern form = TapPattern::plain;
  FilterUse use = FilterUse::forward;
  ConstTensorView in, w;
  TensorView out;
  double factor = 1.0;
  ConstTensorView b{};
  double slope = 1.0;
  TensorView r{};
  double norm_eps = 1e-8;
  ConstTensorView vjp_r{}, gate{};
  double gate_slope = 1.0;

  static FpropProblem of(const Conv2dArgs& args);
  static FpropProblem of(const Conv2dInputGradArgs& args);
};

// Whether tensor cores may serve a convolution with this filter and geometry at all: bf16, or f32
// where the queue's math is tf32; 3x3 with pad 1 or 1x1 without. Any extents.
bool fprop_supports(const Queue& queue, DType dtype, const Shape& w, const ConvGeometry& geometry);

// A way to compute a problem.
struct FpropCandidate {
  int index;         // for run_fprop
  const char* name;  // for logs: "128x64"
  double cost;       // estimate, to be compared within one problem
};

// All ways that can, at least one.
std::vector<FpropCandidate> fprop_candidates(const Queue& queue, const FpropProblem& problem);
// The index of the one with the lowest estimate; cheap, without allocation.
int default_fprop(const Queue& queue, const FpropProblem& problem);
void run_fprop(Queue& queue, const FpropProblem& problem, int candidate);

}  // namespace pg::cuda
