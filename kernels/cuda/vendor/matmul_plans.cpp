// matmul_plans.cpp: cuBLASLt is column-major, so it computes y^T = op(b)^T op(a)^T: a row-major
// matrix is its transpose without moving a byte.
#include "kernels/cuda/vendor/matmul_plans.h"

#include <algorithm>

namespace pg::cuda {
namespace {

cudaDataType_t type_of(DType t) { return t == DType::f32 ? CUDA_R_32F : CUDA_R_16BF; }

cublasComputeType_t compute_type(const MatmulSpec& spec) {
  const bool tf32 = spec.factors == DType::f32 && spec.math == MatrixMath::tf32;
  return tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

cublasLtMatmulDesc_t make_desc(const CublasLt& api, const MatmulSpec& spec) {
  cublasLtMatmulDesc_t desc = nullptr;
  api.check(api.desc_create(&desc, compute_type(spec), CUDA_R_32F), "cublasLtMatmulDescCreate");
  return desc;
}

cublasLtMatrixLayout_t make_layout(const CublasLt& api, DType dtype, int64_t rows,
                                   int64_t columns) {
  cublasLtMatrixLayout_t layout = nullptr;
  api.check(api.layout_create(&layout, type_of(dtype), static_cast<uint64_t>(columns),
                              static_cast<uint64_t>(rows), columns),
            "cublasLtMatrixLayoutCreate");
  return layout;
}

// Allowed splits of the sum: none, or partial sums in f32 added in a separate step. All others
// round partial sums to the result's type.
void set_preferences(const CublasLt& api, cublasLtMatmulPreference_t preference,
                     int64_t workspace) {
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t name, auto value) {
    api.check(api.preference_set(preference, name, &value, sizeof value),
              "cublasLtMatmulPreferenceSetAttribute");
  };
  constexpr uint32_t kAlignment = 16;
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<uint64_t>(workspace));
  set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, kAlignment);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, kAlignment);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, kAlignment);
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, kAlignment);
}

}  // namespace

std::array<int64_t, 8> MatmulSpec::numbers() const {
  return {m,
          j,
          l,
          static_cast<int64_t>(trans_a),
          static_cast<int64_t>(trans_b),
          static_cast<int64_t>(factors),
          static_cast<int64_t>(result),
          static_cast<int64_t>(math)};
}

std::string MatmulSpec::words() const {
  const auto op = [](Transpose t) { return t == Transpose::yes ? "^T" : ""; };
  const char* const arithmetic =
      factors == DType::bf16 ? "bf16" : (math == MatrixMath::tf32 ? "tf32" : "f32");
  return message("cuBLASLt product ", arithmetic, " a", op(trans_a), " [", m, ", ", l, "] b",
                 op(trans_b), " [", l, ", ", j, "] into ", name_of(result));
}

MatmulPlans::MatmulPlans(const CublasLt& api, cublasLtHandle_t handle, const MatmulSpec& spec,
                         int count, int64_t workspace)
    : api_(&api),
      handle_(handle),
      desc_(make_desc(api, spec), api.desc_destroy),
      first_(spec.trans_b == Transpose::no ? make_layout(api, spec.factors, spec.l, spec.j)
                                           : make_layout(api, spec.factors, spec.j, spec.l),
             api.layout_destroy),
      second_(spec.trans_a == Transpose::no ? make_layout(api, spec.factors, spec.m, spec.l)
                                            : make_layout(api, spec.factors, spec.l, spec.m),
              api.layout_destroy),
      result_(make_layout(api, spec.result, spec.m, spec.j), api.layout_destroy) {
  const auto transpose = [&](cublasLtMatmulDescAttributes_t name, Transpose t) {
    const cublasOperation_t op = t == Transpose::yes ? CUBLAS_OP_T : CUBLAS_OP_N;
    api.check(api.desc_set(desc_.get(), name, &op, sizeof op), "cublasLtMatmulDescSetAttribute");
  };
  transpose(CUBLASLT_MATMUL_DESC_TRANSA, spec.trans_b);
  transpose(CUBLASLT_MATMUL_DESC_TRANSB, spec.trans_a);
  cublasLtMatmulPreference_t preference = nullptr;
  api.check(api.preference_create(&preference), "cublasLtMatmulPreferenceCreate");
  const std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, decltype(api.preference_destroy)> owner(
      preference, api.preference_destroy);
  set_preferences(api, preference, workspace);
  algorithms_.resize(static_cast<size_t>(count));
  int found = 0;
  const cublasStatus_t status =
      api.get_heuristic(handle, desc_.get(), first_.get(), second_.get(), result_.get(),
                        result_.get(), preference, count, algorithms_.data(), &found);
  algorithms_.resize(status == CUBLAS_STATUS_SUCCESS ? static_cast<size_t>(found) : 0);
  std::erase_if(algorithms_, [](const auto& a) { return a.state != CUBLAS_STATUS_SUCCESS; });
}

int64_t MatmulPlans::workspace() const {
  size_t most = 0;
  for (const auto& a : algorithms_) most = std::max(most, a.workspaceSize);
  return static_cast<int64_t>(most);
}

cublasStatus_t MatmulPlans::run(int i, double alpha, double beta, const MatmulPointers& p,
                                cudaStream_t stream) const {
  const auto& algorithm = algorithms_.at(static_cast<size_t>(i));
  const auto factor = static_cast<float>(alpha), keep = static_cast<float>(beta);
  return api_->matmul(handle_, desc_.get(), &factor, p.b, first_.get(), p.a, second_.get(), &keep,
                      p.y, result_.get(), p.y, result_.get(), &algorithm.algo, p.workspace,
                      algorithm.workspaceSize, stream);
}

}  // namespace pg::cuda
