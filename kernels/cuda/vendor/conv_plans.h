// conv_plans.h: cuDNN's execution plans for one convolution or gradient.
#pragma once

#include <array>
#include <optional>

#include "kernels/backend.h"
#include "kernels/cuda/vendor/cudnn_descriptor.h"

namespace pg::cuda {

enum class ConvPass : uint8_t { forward, input_grad, weight_grad };

// result = alpha * pass + beta * result, with x [N, H, W, C], w [K, R, S, C], y [N, P, Q, K]. The
// pass decides which of them is the result. Stride 1, one element type for all.
struct ConvSpec {
  ConvPass pass = ConvPass::forward;
  DType dtype = DType::f32;  // or bf16
  MatrixMath math = MatrixMath::exact;
  Shape x, w, y;
  int64_t pad = 0;
  double alpha = 1.0, beta = 0.0;

  // Identify the spec: numbers for look-ups, words for the file of choices.
  std::array<int64_t, 15> numbers() const;
  std::string words() const;
};

// The device of the plans: that of a handle, or a description, which needs no GPU.
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
  int count = 4;                           // largest number of plans
  int64_t workspace = int64_t{256} << 20;  // largest workspace of a plan, bytes
};

// The first plans of cuDNN's heuristics within the limits and the spec's arithmetic; possibly none.
// Skipped are plans that are nondeterministic, reduce in less than f32, convert inputs to a
// narrower type (except tf32, if math allows it) or are compiled at run time; if math is exact,
// also plans with tensor cores, Fourier or Winograd transforms.
std::vector<ConvPlan> conv_plans(const Cudnn& api, const PlanTarget& target, const ConvSpec& spec,
                                 const PlanLimits& limits = {});

// The operands of a plan; each 16-byte aligned.
struct ConvPointers {
  const void *x, *w, *y;  // one of them is the result and written
  void* workspace;
};
cudnnStatus_t execute(const Cudnn& api, cudnnHandle_t handle, const ConvPlan& plan,
                      const ConvPointers& pointers);

}  // namespace pg::cuda
