// im2col.h: any stride-1 convolution as one matrix product over patches.
#pragma once

#include "kernels/cpu/fast/gemm.h"

namespace pg::cpu {

// The geometry of x [n, h, w, c] and its patches: row (n, p, q) holds r * s * c elements.
struct PatchShape {
  int64_t n, h, w, c;
  int64_t r, s, p, q, pad;

  int64_t rows() const { return n * p * q; }
  int64_t columns() const { return r * s * c; }
};

void im2col(int threads, const PatchShape& shape, const float* x, float* patches);
// Adjoint of im2col: each pixel of x is the sum of its copies in the patches.
void col2im(int threads, const PatchShape& shape, const float* patches, float* x);

}  // namespace pg::cpu
