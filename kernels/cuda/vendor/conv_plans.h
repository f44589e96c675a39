// conv_plans.h: how cuDNN would compute one convolution or gradient: its execution plans.
#pragma once

#include <array>
#include <optional>

#include "kernels/backend.h"
#include "kernels/cuda/vendor/cudnn_descriptor.h"

namespace pg::cuda {

enum class ConvPass : uint8_t { forward, input_grad, weight_grad };

// result = alpha * pass + beta * result, with x [N, H, W, C], w [K, R, S, C], y [N, P, Q, K], of
// which the pass's own is the result and the others are given. Stride 1, one element type for all.
struct ConvSpec {
  ConvPass pass = ConvPass::forward;
  DType dtype = DType::f32;  // or bf16
  MatrixMath math = MatrixMath::exact;
  Shape x, w, y;
  int64_t pad = 0;
  double alpha = 1.0, beta = 0.0;

  // What tells it from others: as numbers for look-up, in words for the file of choices.
  std::array<int64_t, 15> numbers() const;
  std::string words() const;
};

// For what device plans are made: the one of a handle, or one described in words, which needs no
// GPU.
struct PlanTarget {
  cudnnHandle_t handle = nullptr;
  const CudnnDescriptor* device = nullptr;  // CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR
};

struct ConvPlan {
  CudnnDescriptor config, plan;
  int64_t engine;     // cuDNN's number of the algorithm
  int64_t workspace;  // bytes
};

struct PlanLimits {
  int count = 4;                           // plans wanted
  int64_t workspace = int64_t{256} << 20;  // bytes that one may use
};

// The first plans of cuDNN's heuristics that keep to the limits and to the spec's arithmetic: none
// that is nondeterministic, reduces in less than f32, converts inputs to a narrower type (tf32
// apart, where math allows it) or is compiled at run time; where math is exact, none that uses
// tensor cores, Fourier or Winograd transforms. May be none.
std::vector<ConvPlan> conv_plans(const Cudnn& api, const PlanTarget& target, const ConvSpec& spec,
                                 const PlanLimits& limits = {});

// What a plan reads and writes; each 16-byte aligned.
struct ConvPointers {
  const void *x, *w, *y;  // the result among them is written
  void* workspace;
};
cudnnStatus_t execute(const Cudnn& api, cudnnHandle_t handle, const ConvPlan& plan,
                      const ConvPointers& pointers);

}  // namespace pg::cuda
