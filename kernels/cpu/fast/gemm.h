// gemm.h: the dense f32 matrix product on all threads.
#pragma once

#include "kernels/cpu/fast/winograd.h"
#include "kernels/matmul.h"

namespace pg::cpu {

// y [m, j] (+)= scale * op(a) * op(b), op(a) [m, l], op(b) [l, j]; then lrelu(y + bias) where bias
// is given (not together with add). Matrices are contiguous.
struct MatrixProduct {
  int64_t m, j, l;
  const float* a;
  const float* b;
  float* y;
  Transpose trans_a, trans_b;
  float scale;
  bool add;
  const float* bias;  // [j] or null
  float slope;
};

void matrix_product(const CpuResources& cpu, const MatrixProduct& args);

}  // namespace pg::cpu
