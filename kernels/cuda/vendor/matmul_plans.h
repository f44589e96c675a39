// matmul_plans.h: cuBLASLt's descriptors and algorithms for one matrix product.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cuda/vendor/api.h"

namespace pg::cuda {

// y [M, J] = alpha * op(a) op(b) + beta * y, op(a) [M, L], op(b) [L, J], all rows contiguous.
struct MatmulSpec {
  int64_t m = 0, j = 0, l = 0;
  Transpose trans_a = Transpose::no, trans_b = Transpose::no;
  DType factors = DType::f32, result = DType::f32;  // bf16 factors may have an f32 result
  MatrixMath math = MatrixMath::exact;

  std::array<int64_t, 8> numbers() const;
  std::string words() const;
};

// The operands; each 16-byte aligned, the workspace 256-byte aligned.
struct MatmulPointers {
  const void *a, *b;
  void *y, *workspace;
};

class MatmulPlans {
 public:
  // Asks the heuristics for at most `count` algorithms with at most `workspace` bytes each.
  MatmulPlans(const CublasLt& api, cublasLtHandle_t handle, const MatmulSpec& spec, int count,
              int64_t workspace);

  int count() const { return static_cast<int>(algorithms_.size()); }
  int64_t workspace() const;  // of the largest
  // y = alpha ... with algorithm i.
  cublasStatus_t run(int i, double alpha, double beta, const MatmulPointers& p,
                     cudaStream_t stream) const;
  void erase(int i) { algorithms_.erase(algorithms_.begin() + i); }

 private:
  using Desc = std::unique_ptr<cublasLtMatmulDescOpaque_t, decltype(&cublasLtMatmulDescDestroy)>;
  using Layout =
      std::unique_ptr<cublasLtMatrixLayoutOpaque_t, decltype(&cublasLtMatrixLayoutDestroy)>;

  const CublasLt* api_;
  cublasLtHandle_t handle_;
  Desc desc_;
  Layout first_, second_, result_;
  std::vector<cublasLtMatmulHeuristicResult_t> algorithms_;
};

}  // namespace pg::cuda
