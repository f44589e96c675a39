// gemm.cpp: the driver of matrix_product.
//
// Uses oneDNN's sgemm, except for a few rows times rows (the forward pass of a dense layer): there
// oneDNN copies the weights, and reading them once in place is two to four times as fast. The
// result is cut into blocks that depend only on the shape, one thread each, because oneDNN with
// several threads may divide the depth between them.
#include "kernels/cpu/fast/gemm.h"

#include <dnnl.h>
#include <omp.h>

#include <algorithm>

namespace pg::cpu {
namespace {

// The part of y that one thread computes.
struct Block {
  int64_t m, rows, j, columns;
};

// About sixteen blocks for a matrix that is long on one side, at least 4 x 4 for a large one.
class Blocks {
 public:
  explicit Blocks(const MatrixProduct& g)
      : g_(g), side_m_(side(g.m, g.j)), side_j_(side(g.j, g.m)) {}
  int64_t count() const { return ceil_div(g_.m, side_m_) * ceil_div(g_.j, side_j_); }
  Block operator[](int64_t i) const {
    const int64_t across = ceil_div(g_.j, side_j_);
    const int64_t m = i / across * side_m_, j = i % across * side_j_;
    return {m, std::min(side_m_, g_.m - m), j, std::min(side_j_, g_.j - j)};
  }

 private:
  static int64_t side(int64_t extent, int64_t other) {
    constexpr int64_t kThin = 128;
    if (extent <= kThin) return extent;
    return std::clamp<int64_t>(ceil_div(extent, other <= kThin ? 16 : 4), 64, 512);
  }

  const MatrixProduct& g_;
  int64_t side_m_, side_j_;
};

dnnl_status_t sgemm_block(const SimdKernels& simd, const MatrixProduct& g, const Block& block) {
  const bool ta = g.trans_a == Transpose::yes, tb = g.trans_b == Transpose::yes;
  const float* a = ta ? g.a + block.m : g.a + block.m * g.l;
  const float* b = tb ? g.b + block.j * g.l : g.b + block.j;
  float* y = g.y + block.m * g.j + block.j;
  const dnnl_status_t status =
      dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', block.rows, block.columns, g.l, g.scale, a,
                 ta ? g.m : g.l, b, tb ? g.l : g.j, g.add ? 1.0f : 0.0f, y, g.j);
  if (g.bias != nullptr)
    simd.finish({.c = y,
                 .c_row = g.j,
                 .y = y,
                 .y_row = g.j,
                 .rows = block.rows,
                 .columns = block.columns,
                 .scale = 1.0f,
                 .bias = g.bias + block.j,
                 .slope = g.slope,
                 .add = false});
  return status;
}

void sgemm(const CpuResources& cpu, const MatrixProduct& g) {
  const Blocks blocks(g);
  int failed = 0;
#pragma omp parallel num_threads(cpu.threads) reduction(max : failed)
  {
    omp_set_num_threads(1);  // keeps oneDNN from starting threads when this region has one
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < blocks.count(); ++i)
      failed = std::max(failed, static_cast<int>(sgemm_block(cpu.simd, g, blocks[i])));
  }
  PG_CHECK(failed == dnnl_success, DeviceError, "oneDNN's matrix product failed with status ",
           failed, ", probably out of memory; choose a smaller minibatch");
}

constexpr int64_t kDepth = 2048;  // of one pass over the rows of b
constexpr int64_t kColumns = 48;  // rows of b in one task
constexpr int64_t kRows = 128;    // oneDNN multiplies more

void rows_by_rows(const CpuResources& cpu, const MatrixProduct& g) {
  const int64_t units = ceil_div(g.j, kColumns);
  float* scratch = cpu.scratch.reserve(cpu.threads * kRows * kColumns);
  if (cpu.scratch.measures()) return;
#pragma omp parallel for schedule(dynamic) num_threads(cpu.threads)
  for (int64_t i = 0; i < units; ++i) {
    float* c = scratch + omp_get_thread_num() * kRows * kColumns;
    const int64_t j = i * kColumns, columns = std::min(kColumns, g.j - j);
    for (int64_t l = 0; l < g.l; l += kDepth)
      cpu.simd.dots({.a = g.a + l,
                     .a_row = g.l,
                     .b = g.b + j * g.l + l,
                     .b_row = g.l,
                     .c = c,
                     .c_row = kColumns,
                     .rows = g.m,
                     .columns = columns,
                     .depth = std::min(kDepth, g.l - l),
                     .add = l > 0});
    cpu.simd.finish({.c = c,
                     .c_row = kColumns,
                     .y = g.y + j,
                     .y_row = g.j,
                     .rows = g.m,
                     .columns = columns,
                     .scale = g.scale,
                     .bias = g.bias == nullptr ? nullptr : g.bias + j,
                     .slope = g.slope,
                     .add = g.add});
  }
}

}  // namespace

void matrix_product(const CpuResources& cpu, const MatrixProduct& g) {
  if (g.trans_a == Transpose::no && g.trans_b == Transpose::yes && g.m <= kRows)
    rows_by_rows(cpu, g);
  else if (!cpu.scratch.measures())
    sgemm(cpu, g);
}

}  // namespace pg::cpu
