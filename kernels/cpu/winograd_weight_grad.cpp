// winograd_weight_grad.cpp: the drivers of winograd_weight_grad.
//
// For each frequency dU = V^T D over all tiles. Large filters: the threads transform a chunk of
// tiles together, then each takes blocks of dU, brings them back to 3x3 taps and adds those to dw.
// Small filters: a fixed number of groups of tiles each sum a whole dU in L2; their results are
// added in order.
#include <omp.h>

#include <algorithm>

#include "kernels/cpu/winograd.h"

namespace pg::cpu {
namespace {

constexpr int64_t kSmallFilter = int64_t{3} << 18;   // bytes of dU that one core's L2 can hold
constexpr int64_t kSharedTiles = int64_t{16} << 20;  // bytes of transformed tiles in L3
constexpr int64_t kPrivateTiles = int64_t{1} << 19;
constexpr int64_t kTaps = 9;
constexpr int64_t kGroups = 16;

class WeightGradDriver {
 public:
  WeightGradDriver(const CpuResources& cpu, const WinogradWeightGrad& a)
      : simd_(cpu.simd), threads_(cpu.threads), a_(a), frequencies_(tile_shape(a.in).frequencies) {
    const int64_t side = tile_shape(a.grad).step;
    tiles_h_ = ceil_div(a.p, side);
    tiles_w_ = ceil_div(a.q, side);
    tiles_ = a.n * tiles_h_ * tiles_w_;
    zeros_size_ = whole_lines(std::max(a.c, a.k) + simd_.lanes);
  }

  void run(Scratch& scratch) {
    const int64_t tile_bytes = frequencies_ * (a_.c + a_.k) * 4;
    const bool small = frequencies_ * a_.c * a_.k * 4 <= kSmallFilter;
    const int64_t most = std::max<int64_t>((small ? kPrivateTiles : kSharedTiles) / tile_bytes, 16);
    const int64_t chunk = ceil_div(tiles_, ceil_div(tiles_, most));
    if (small)
      by_groups(scratch, std::min<int64_t>(chunk, 128));
    else
      by_blocks(scratch, chunk);
  }

 private:
  // Tiles [first, first + count) go to rows from `slot` on.
  void transform(TransformIn kind, int64_t first, int64_t count, int64_t slot, const Grouped& shape,
                 float* v, const float* zeros) const {
    const bool x = kind == a_.in;
    simd_.transform_in[static_cast<int>(kind)]({.x = x ? a_.x : a_.dy,
                                                .h = x ? a_.h : a_.p,
                                                .w = x ? a_.w : a_.q,
                                                .c = x ? a_.c : a_.k,
                                                .tiles_h = tiles_h_,
                                                .tiles_w = tiles_w_,
                                                .step = tile_shape(kind).step,
                                                .origin = x ? a_.origin : 0,
                                                .first = first,
                                                .count = count,
                                                .v = v,
                                                .v_freq = shape.frequency,
                                                .group = shape.group,
                                                .v_group = shape.group_stride,
                                                .slot = slot,
                                                .zeros = zeros});
  }

  // A block of the filter: output channels [k0, k0 + rows), `vectors` vectors of channels from c0.
  struct Block {
    int64_t k0, rows, c0, vectors;
    int64_t row_stride, frequency_stride;
  };

  Block block_at(int64_t k0, int64_t c0, int64_t side) const {
    const int64_t rows = std::min(side, a_.k - k0);
    const int64_t vectors = ceil_div(std::min(side, a_.c - c0), simd_.lanes);
    const int64_t row_stride = vectors * simd_.lanes;
    return {k0, rows, c0, vectors, row_stride, odd_lines(rows * row_stride)};
  }

  void multiply(const Block& b, int64_t count, const Grouped& v_shape, const float* v,
                const Grouped& d_shape, const float* d, float* du, bool add) const {
    const int64_t lanes = simd_.lanes;
    for (int64_t f = 0; f < frequencies_; ++f)
      simd_.gemm_cols({.a = d + f * d_shape.frequency + b.k0 * d_shape.group,
                       .a_block = d_shape.group * lanes,
                       .a_step = lanes,
                       .b = v + f * v_shape.frequency + b.c0 * v_shape.group,
                       .b_vector = v_shape.group * lanes,
                       .b_step = lanes,
                       .c = du + f * b.frequency_stride,
                       .c_row = b.row_stride,
                       .c_vector = lanes,
                       .rows = b.rows,
                       .depth = count,
                       .vectors = b.vectors,
                       .add = add});
  }

  void finish(const Block& b, const float* du, float* dw, bool add) const {
    const auto transform =
        frequencies_ == 36 ? simd_.transform_weight_grad6 : simd_.transform_weight_grad5;
    transform({.du = du,
               .du_freq = b.frequency_stride,
               .du_row = b.row_stride,
               .rows = b.rows,
               .vectors = b.vectors,
               .dw = dw,
               .c = a_.c,
               .k0 = b.k0,
               .c0 = b.c0,
               .scale = a_.scale,
               .add = add});
  }

  void by_blocks(Scratch& scratch, int64_t chunk) {
    int64_t side = 64;  // of a block of dU: how finely work is cut does not change a sum
    while (side > simd_.lanes && ceil_div(a_.k, side) * ceil_div(a_.c, side) < 4 * threads_)
      side /= 2;
    const Grouped v_shape(a_.c, chunk, chunk, simd_.lanes);
    const Grouped d_shape(a_.k, chunk, chunk, simd_.lanes);
    const int64_t v_size = frequencies_ * v_shape.frequency;
    const int64_t d_size = frequencies_ * d_shape.frequency;
    const int64_t own_size = frequencies_ * odd_lines(side * side);
    float* zeros = scratch.reserve(zeros_size_ + v_size + d_size + threads_ * own_size);
    std::fill(zeros, zeros + zeros_size_, 0.0f);
    float* v = zeros + zeros_size_;
#pragma omp parallel num_threads(threads_)
    {
      float* du = v + v_size + d_size + omp_get_thread_num() * own_size;
      for (int64_t first = 0; first < tiles_; first += chunk) {
        const int64_t count = std::min(chunk, tiles_ - first);
        transform_both(first, count, v_shape, v, d_shape, v + v_size, zeros);
        add_blocks(count, v_shape, v, d_shape, v + v_size, du, side, a_.add || first > 0);
      }
    }
  }

  // Inside a parallel region, as is add_blocks.
  void transform_both(int64_t first, int64_t count, const Grouped& v_shape, float* v,
                      const Grouped& d_shape, float* d, const float* zeros) const {
    constexpr int64_t kRun = 24;
    const int64_t runs = ceil_div(count, kRun);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < 2 * runs; ++i) {
      const int64_t t = i / 2 * kRun, n = std::min(kRun, count - t);
      if (i % 2 == 0)
        transform(a_.in, first + t, n, t, v_shape, v, zeros);
      else
        transform(a_.grad, first + t, n, t, d_shape, d, zeros);
    }
  }

  void add_blocks(int64_t count, const Grouped& v_shape, const float* v, const Grouped& d_shape,
                  const float* d, float* du, int64_t side, bool add) const {
    const int64_t across = ceil_div(a_.c, side), down = ceil_div(a_.k, side);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < across * down; ++i) {
      const Block block = block_at(i / across * side, i % across * side, side);
      multiply(block, count, v_shape, v, d_shape, d, du, false);
      finish(block, du, a_.dw, add);
    }
  }

  void by_groups(Scratch& scratch, int64_t chunk) {
    const int64_t chunks = ceil_div(tiles_, chunk), groups = std::min(chunks, kGroups);
    const Grouped v_shape(a_.c, chunk, chunk, simd_.lanes);
    const Grouped d_shape(a_.k, chunk, chunk, simd_.lanes);
    const int64_t v_size = frequencies_ * v_shape.frequency;
    const int64_t d_size = frequencies_ * d_shape.frequency;
    const Block all = block_at(0, 0, std::max(a_.k, a_.c));
    const int64_t own_size = v_size + d_size + frequencies_ * all.frequency_stride;
    const int64_t dw_size = whole_lines(a_.k * kTaps * a_.c);
    float* zeros = scratch.reserve(zeros_size_ + threads_ * own_size + groups * dw_size);
    std::fill(zeros, zeros + zeros_size_, 0.0f);
    float* own = zeros + zeros_size_;
    float* parts = own + threads_ * own_size;
#pragma omp parallel num_threads(threads_)
    {
      float* v = own + omp_get_thread_num() * own_size;
      float* d = v + v_size;
      float* du = d + d_size;
#pragma omp for schedule(dynamic)
      for (int64_t g = 0; g < groups; ++g) {
        const int64_t begin = chunks * g / groups, end = chunks * (g + 1) / groups;
        for (int64_t i = begin; i < end; ++i) {
          const int64_t first = i * chunk, count = std::min(chunk, tiles_ - first);
          transform(a_.in, first, count, 0, v_shape, v, zeros);
          transform(a_.grad, first, count, 0, d_shape, d, zeros);
          multiply(all, count, v_shape, v, d_shape, d, du, i > begin);
        }
        finish(all, du, parts + g * dw_size, false);
      }
      sum_parts(parts, groups, dw_size);
    }
  }

  void sum_parts(const float* parts, int64_t groups, int64_t dw_size) const {
    const int64_t size = a_.k * kTaps * a_.c;
#pragma omp for schedule(static)
    for (int64_t i = 0; i < size; ++i) {
      float sum = a_.add ? a_.dw[i] : 0.0f;
      for (int64_t g = 0; g < groups; ++g) sum += parts[g * dw_size + i];
      a_.dw[i] = sum;
    }
  }

  const SimdKernels& simd_;
  const int threads_;
  const WinogradWeightGrad& a_;
  const int64_t frequencies_;
  int64_t tiles_h_, tiles_w_, tiles_, zeros_size_;
};

}  // namespace

void winograd_weight_grad(const CpuResources& cpu, const WinogradWeightGrad& args) {
  WeightGradDriver(cpu, args).run(cpu.scratch);
}

}  // namespace pg::cpu
