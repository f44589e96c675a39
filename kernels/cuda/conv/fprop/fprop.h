// fprop.h: convolution and its input gradient as implicit matrix products on tensor cores.
//
// Rows are pixels (of the low-resolution image if the mode resamples), columns are output
// channels, the summed index runs over taps and input channels. Each result is one sum in the order
// of that index; products too small to fill a large GPU are cut into parts of it, summed in order
// by a launch that also applies the epilogue (fprop_sums.h). The parts follow from the shapes
// alone, so all candidates on all GPUs give the same bits, except in the norm's mean.
#pragma once

#include <vector>

#include "kernels/conv.h"
#include "kernels/cuda/conv/filters/packed_filters.h"

namespace pg::cuda {

// Conv2dArgs or Conv2dInputGradArgs as one problem:
//   out = gate(norm(lrelu(factor * conv(in, w) + b))), the last three only if given; norm: the
//   pixel norm, which stores r, or its gradient, with vjp_r given and its y as the gate.
struct FpropProblem {
  TapPattern pattern = TapPattern::plain;
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

// Whether tensor cores support a convolution with this filter and geometry: bf16, or f32 if the
// queue's math is tf32; 3x3 with pad 1 or 1x1 without. Any extents. No candidate is left if the
// queue skips the families.
bool fprop_supports(const Queue& queue, DType dtype, const Shape& w, const ConvGeometry& geometry);

// Parts of each sum, 1 if it is not split. All queues have the same.
int64_t fprop_parts(const FpropProblem& problem);

struct FpropCandidate {
  int index;         // for run_fprop
  const char* name;  // for logs: "128x64"
  double time;       // an estimate, comparable within one problem
};

// All candidates for a problem.
std::vector<FpropCandidate> fprop_candidates(const Queue& queue, const FpropProblem& problem);
// The index of the candidate with the shortest estimated time, negative if there is none; cheap,
// without allocation.
int default_fprop(const Queue& queue, const FpropProblem& problem);
// Computes the whole problem, including norm and gate, with a candidate.
void run_fprop(Queue& queue, const FpropProblem& problem, int candidate);

}  // namespace pg::cuda
