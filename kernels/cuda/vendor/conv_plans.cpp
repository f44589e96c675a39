// conv_plans.cpp: filters cuDNN's heuristic list of engine configurations for one operation.
#include "kernels/cuda/vendor/conv_plans.h"

#include <bit>

namespace pg::cuda {
namespace {

constexpr int64_t kX = 1, kW = 2, kY = 3;  // cuDNN's identifiers of the tensors

// The attributes of each pass for its convolution, tensors and factors.
struct OperationNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t convolution, x, w, y, alpha, beta;
};

OperationNames names_of(ConvPass pass) {
  switch (pass) {
    case ConvPass::input_grad:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case ConvPass::weight_grad:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
    case ConvPass::forward:
      break;
  }
  return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
}

// cuDNN lists extents as N, C, H, W in any layout; the strides define the layout.
CudnnDescriptor tensor(const Cudnn& api, DType dtype, const Shape& s, int64_t id) {
  const std::array<int64_t, 4> extents = {s.n, s.c, s.h, s.w};
  const std::array<int64_t, 4> strides = {s.h * s.w * s.c, 1, s.w * s.c, s.c};
  CudnnDescriptor d(api, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  d.set(CUDNN_ATTR_TENSOR_DATA_TYPE, dtype == DType::f32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16)
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, std::span<const int64_t>(extents))
      .set(CUDNN_ATTR_TENSOR_STRIDES, std::span<const int64_t>(strides))
      .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, int64_t{16})
      .finalize();
  return d;
}

CudnnDescriptor convolution(const Cudnn& api, int64_t pad) {
  const std::array<int64_t, 2> pads = {pad, pad}, ones = {1, 1};
  const std::span<const int64_t> padding(pads), one(ones);
  CudnnDescriptor d(api, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  d.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
      .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, int64_t{2})
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, padding)
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, padding)
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, one)
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, one)
      .finalize();
  return d;
}

CudnnDescriptor operation(const Cudnn& api, const ConvSpec& spec) {
  const OperationNames names = names_of(spec.pass);
  CudnnDescriptor d(api, names.type);
  d.set(names.convolution, convolution(api, spec.pad))
      .set(names.x, tensor(api, spec.dtype, spec.x, kX))
      .set(names.w, tensor(api, spec.dtype, spec.w, kW))
      .set(names.y, tensor(api, spec.dtype, spec.y, kY))
      .set(names.alpha, spec.alpha)
      .set(names.beta, spec.beta)
      .finalize();
  return d;
}

bool allowed(cudnnBackendNumericalNote_t note, MatrixMath f32, DType dtype) {
  switch (note) {
    case CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP:
      return true;
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
    case CUDNN_NUMERICAL_NOTE_FFT:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
      return dtype != DType::f32 || f32 == MatrixMath::tf32;
    default:  // nondeterministic, narrower inputs or sums, or an unknown note
      return false;
  }
}

bool allowed(const CudnnDescriptor& engine, const ConvSpec& spec) {
  constexpr int64_t kMostNotes = 32;
  for (const auto note :
       engine.get<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, kMostNotes)) {
    if (!allowed(note, spec.math, spec.dtype)) return false;
  }
  for (const auto note :
       engine.get<cudnnBackendBehaviorNote_t>(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, kMostNotes)) {
    if (note == CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) return false;
  }
  return true;
}

// Configurations of a graph in the order of the heuristics, best first.
std::vector<CudnnDescriptor> configurations(const Cudnn& api, const PlanTarget& target,
                                            const CudnnDescriptor& graph,
                                            cudnnBackendHeurMode_t mode) {
  constexpr int kMost = 64;
  CudnnDescriptor heuristics(api, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph)
      .set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
  if (target.device != nullptr) {
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target.device);
  }
  if (!heuristics.try_finalize()) return {};
  std::vector<CudnnDescriptor> configs;
  for (int i = 0; i < kMost; ++i) configs.emplace_back(api, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  const int64_t count = heuristics.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, configs);
  while (static_cast<int64_t>(configs.size()) > count) configs.pop_back();
  return configs;
}

std::optional<ConvPlan> plan_of(const Cudnn& api, const PlanTarget& target, const ConvSpec& spec,
                                CudnnDescriptor config) {
  std::vector<CudnnDescriptor> engine;
  engine.emplace_back(api, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  config.get(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
  if (!allowed(engine[0], spec)) return {};
  CudnnDescriptor plan(api, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
  if (target.device != nullptr) {
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target.device);
  } else {
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, target.handle);
  }
  if (!plan.try_finalize()) return {};
  const auto workspace = plan.get<int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, 1);
  const auto index = engine[0].get<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, 1);
  return ConvPlan{std::move(config), std::move(plan), index.at(0), workspace.at(0)};
}

}  // namespace

std::array<int64_t, 15> ConvSpec::numbers() const {
  return {static_cast<int64_t>(pass),
          static_cast<int64_t>(dtype),
          static_cast<int64_t>(math),
          x.n,
          x.h,
          x.w,
          x.c,
          w.n,
          w.h,
          w.w,
          pad,
          y.h,
          y.w,
          std::bit_cast<int64_t>(alpha),
          std::bit_cast<int64_t>(beta)};
}

std::string ConvSpec::words() const {
  const char* const passes[] = {"forward", "input gradient", "weight gradient"};
  const char* const arithmetic =
      dtype == DType::bf16 ? "bf16" : (math == MatrixMath::tf32 ? "tf32" : "f32");
  return message("cuDNN convolution ", passes[static_cast<int>(pass)], " ", arithmetic, " x ", x,
                 " w ", w, " pad ", pad, beta != 0.0 ? " add" : "");
}

std::vector<ConvPlan> conv_plans(const Cudnn& api, const PlanTarget& target, const ConvSpec& spec,
                                 const PlanLimits& limits) {
  PG_ASSERT(spec.dtype == DType::f32 || spec.dtype == DType::bf16);
  const CudnnDescriptor op = operation(api, spec);
  CudnnDescriptor graph(api, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, op);
  if (target.device == nullptr) graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, target.handle);
  std::vector<ConvPlan> plans;
  if (!graph.try_finalize()) return plans;
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    if (!plans.empty()) break;  // the fallback list is only for cases without other plans
    for (CudnnDescriptor& config : configurations(api, target, graph, mode)) {
      if (static_cast<int>(plans.size()) == limits.count) break;
      std::optional<ConvPlan> plan = plan_of(api, target, spec, std::move(config));
      if (plan && plan->workspace <= limits.workspace) plans.push_back(std::move(*plan));
    }
  }
  return plans;
}

cudnnStatus_t execute(const Cudnn& api, cudnnHandle_t handle, const ConvPlan& plan,
                      const ConvPointers& p) {
  const std::array<int64_t, 3> ids = {kX, kW, kY};
  const std::array<DataPointer, 3> data = {
      DataPointer{const_cast<void*>(p.x)}, {const_cast<void*>(p.w)}, {const_cast<void*>(p.y)}};
  CudnnDescriptor pack(api, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, std::span<const int64_t>(ids))
      .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, std::span<const DataPointer>(data))
      .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, DataPointer{p.workspace})
      .finalize();
  return api.execute(handle, plan.plan.handle(), pack.handle());
}

}  // namespace pg::cuda
