// gemm.cpp: the driver of matrix_product.
//
// The large matrices of this program are weights that meet few rows (a batch), so each is read
// once, in order, where it lies: a transposed b is turned over in panels that stay in L2, a
// straight one is not copied. Threads divide the result; the depth is summed in order by one
// thread.
#include "kernels/cpu/gemm.h"

#include <omp.h>

#include <algorithm>

namespace pg::cpu {
namespace {

constexpr int64_t kDepth = 128;                    // of one step: a panel of it fits in L1
constexpr int64_t kPackedRows = int64_t{4} << 20;  // bytes of a that are packed at a time
constexpr int64_t kUnitRows = 64;

class ProductDriver {
 public:
  ProductDriver(const CpuResources& cpu, const MatrixProduct& g)
      : simd_(cpu.simd), threads_(cpu.threads), g_(g), lanes_(simd_.lanes), panel_(2 * lanes_) {
    const int64_t panels = ceil_div(g.j, panel_);
    unit_panels_ = std::clamp<int64_t>(panels / (2 * threads_), 1, 8);
    across_ = ceil_div(panels, unit_panels_);
    packs_a_ = g.trans_a == Transpose::no;
    chunk_ = g.m;
    if (packs_a_) chunk_ = std::clamp<int64_t>(kPackedRows / (g.l * 4), kUnitRows, g.m);
    chunk_ = ceil_div(g.m, ceil_div(g.m, chunk_));
    group_ = ceil_div(chunk_, ceil_div(chunk_, simd_.max_rows));
    a_group_ = ceil_div(g.l, lanes_) * group_ * lanes_;
    unit_rows_ = packs_a_ ? std::max<int64_t>(kUnitRows / group_, 1) * group_ : kUnitRows;
  }

  void run(Scratch& scratch) {
    const int64_t a_size = packs_a_ ? ceil_div(chunk_, group_) * a_group_ : 0;
    const int64_t c_size = unit_rows_ * unit_panels_ * panel_;
    const int64_t own_size = c_size + kDepth * panel_;
    float* a = scratch.reserve(a_size + threads_ * own_size);
#pragma omp parallel num_threads(threads_)
    {
      float* c = a + a_size + omp_get_thread_num() * own_size;
      for (int64_t m0 = 0; m0 < g_.m; m0 += chunk_) pass(m0, std::min(chunk_, g_.m - m0), a, c);
    }
  }

 private:
  // Inside a parallel region: rows [m0, m0 + rows) of y.
  void pass(int64_t m0, int64_t rows, float* a, float* c) const {
    if (packs_a_) pack_a(m0, rows, a);
    const int64_t down = ceil_div(rows, unit_rows_);
#pragma omp for schedule(dynamic)
    for (int64_t unit = 0; unit < across_ * down; ++unit) {
      const int64_t first = unit / across_ * unit_rows_;
      const float* from = packs_a_ ? a + first / group_ * a_group_ : g_.a + m0 + first;
      multiply(m0 + first, std::min(unit_rows_, rows - first),
               unit % across_ * unit_panels_ * panel_, from, c);
    }
  }

  void pack_a(int64_t m0, int64_t rows, float* a) const {
#pragma omp for schedule(static)
    for (int64_t i = 0; i < ceil_div(rows, group_); ++i)
      simd_.pack_rows({.src = g_.a + (m0 + i * group_) * g_.l,
                       .src_row = g_.l,
                       .rows = std::min(group_, rows - i * group_),
                       .depth = g_.l,
                       .group = group_,
                       .dst = a + i * a_group_});
  }

  // One unit of y: rows [m0, m0 + rows), unit_panels_ panels from column j0; `a` at its first row.
  void multiply(int64_t m0, int64_t rows, int64_t j0, const float* a, float* c) const {
    float* packed = c + unit_rows_ * unit_panels_ * panel_;
    const int64_t columns = std::min(unit_panels_ * panel_, g_.j - j0);
    const int64_t c_row = ceil_div(columns, panel_) * panel_;
    for (int64_t l0 = 0; l0 < g_.l; l0 += kDepth) {
      const int64_t depth = std::min(kDepth, g_.l - l0);
      for (int64_t j = 0; j < columns; j += panel_) {
        const float* b = panel_at(l0, depth, j0 + j, packed);
        const int64_t b_row = b == packed ? panel_ : g_.j;
        const int64_t vectors = std::min<int64_t>(ceil_div(columns - j, lanes_), 2);
        step(a, l0, b, b_row, c + j, c_row, rows, depth, vectors);
      }
    }
    simd_.finish({.c = c,
                  .c_row = c_row,
                  .y = g_.y + m0 * g_.j + j0,
                  .y_row = g_.j,
                  .rows = rows,
                  .columns = columns,
                  .scale = g_.scale,
                  .bias = g_.bias == nullptr ? nullptr : g_.bias + j0,
                  .slope = g_.slope,
                  .add = g_.add});
  }

  // Where [depth, 2 * lanes] of op(b) from (l0, j) can be read: in place, or copied to `packed`.
  const float* panel_at(int64_t l0, int64_t depth, int64_t j, float* packed) const {
    const bool straight = g_.trans_b == Transpose::no;
    const float* src = straight ? g_.b + l0 * g_.j + j : g_.b + j * g_.l + l0;
    if (straight && g_.j - j >= panel_) return src;
    const PanelSource source = straight ? PanelSource::straight : PanelSource::transposed;
    simd_.pack_panel[static_cast<int>(source)]({.src = src,
                                                .src_row = straight ? g_.j : g_.l,
                                                .depth = depth,
                                                .columns = std::min(panel_, g_.j - j),
                                                .dst = packed});
    return packed;
  }

  void step(const float* a, int64_t l0, const float* b, int64_t b_row, float* c, int64_t c_row,
            int64_t rows, int64_t depth, int64_t vectors) const {
    if (packs_a_)
      simd_.gemm_rows({.a = a + l0 * group_,
                       .group = group_,
                       .a_group = a_group_,
                       .b = b,
                       .b_row = b_row,
                       .c = c,
                       .c_row = c_row,
                       .c_vector = lanes_,
                       .rows = rows,
                       .depth = depth,
                       .vectors = vectors,
                       .add = l0 > 0});
    else
      simd_.gemm_cols({.a = a + l0 * g_.m,
                       .a_block = lanes_,
                       .a_step = g_.m,
                       .b = b,
                       .b_vector = lanes_,
                       .b_step = b_row,
                       .c = c,
                       .c_row = c_row,
                       .c_vector = lanes_,
                       .rows = rows,
                       .depth = depth,
                       .vectors = vectors,
                       .add = l0 > 0});
  }

  const SimdKernels& simd_;
  const int threads_;
  const MatrixProduct& g_;
  const int64_t lanes_, panel_;
  int64_t unit_panels_, across_, chunk_, group_, a_group_, unit_rows_;
  bool packs_a_;
};

}  // namespace

void matrix_product(const CpuResources& cpu, const MatrixProduct& args) {
  ProductDriver(cpu, args).run(cpu.scratch);
}

}  // namespace pg::cpu
