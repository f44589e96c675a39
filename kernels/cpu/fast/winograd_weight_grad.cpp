// winograd_weight_grad.cpp: winograd_weight_grad on all threads.
//
// For each frequency dU = V^T D over all tiles; G^T dU G then gives dw. Few tiles: the threads
// transform them together, then each computes blocks of dU and writes their dw. Many tiles: they
// are divided into groups, whose number depends only on the shape; one thread sums a group from
// tiles in its own cache, and the groups' results are added in order. A small dU stays in L2 for
// the whole group; a large one is finished block by block after each chunk.
#include <omp.h>

#include <algorithm>

#include "kernels/cpu/fast/winograd.h"

namespace pg::cpu {
namespace {

constexpr int64_t kTaps = 9;
constexpr int64_t kManyTiles = 192;
constexpr int64_t kMostGroups = 16;
constexpr int64_t kPartBytes = int64_t{80} << 20;   // of all groups' results together
constexpr int64_t kSmallFilter = int64_t{3} << 20;  // bytes of dU that may stay in L2 for a group
constexpr int64_t kBlock = 64;                      // channels along each side of a block of dU

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
    if (tiles_ >= kManyTiles)
      by_groups(scratch);
    else
      by_blocks(scratch);
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
    const bool cached = b.rows >= a_.k && b.vectors * lanes >= a_.c;  // there is only one block
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
                       .add = add,
                       .a_ahead = cached ? 0 : d_shape.frequency,
                       .b_ahead = cached ? 0 : v_shape.frequency});
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

  void by_blocks(Scratch& scratch) {
    int64_t side = kBlock;  // the size of blocks changes no sum
    while (side > simd_.lanes && ceil_div(a_.k, side) * ceil_div(a_.c, side) < 4 * threads_)
      side /= 2;
    const Grouped v_shape(a_.c, tiles_, tiles_, simd_.lanes);
    const Grouped d_shape(a_.k, tiles_, tiles_, simd_.lanes);
    const int64_t v_size = frequencies_ * v_shape.frequency;
    const int64_t d_size = frequencies_ * d_shape.frequency;
    const int64_t own_size = frequencies_ * odd_lines(side * side);
    float* zeros = scratch.reserve(zeros_size_ + v_size + d_size + threads_ * own_size);
    if (scratch.measures()) return;
    std::fill(zeros, zeros + zeros_size_, 0.0f);
    float* v = zeros + zeros_size_;
    float* d = v + v_size;
#pragma omp parallel num_threads(threads_)
    {
      transform_both(v_shape, v, d_shape, d, zeros);
      float* du = d + d_size + omp_get_thread_num() * own_size;
      const int64_t across = ceil_div(a_.c, side), blocks = across * ceil_div(a_.k, side);
#pragma omp for schedule(dynamic)
      for (int64_t i = 0; i < blocks; ++i) {
        const Block block = block_at(i / across * side, i % across * side, side);
        multiply(block, tiles_, v_shape, v, d_shape, d, du, false);
        finish(block, du, a_.dw, a_.add);
      }
    }
  }

  // Inside a parallel region.
  void transform_both(const Grouped& v_shape, float* v, const Grouped& d_shape, float* d,
                      const float* zeros) const {
    const int64_t piece = std::clamp<int64_t>(ceil_div(tiles_, 2 * threads_), 4, 32);
    const int64_t pieces = ceil_div(tiles_, piece);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < 2 * pieces; ++i) {
      const int64_t t = i / 2 * piece, n = std::min(piece, tiles_ - t);
      if (i % 2 == 0)
        transform(a_.in, t, n, t, v_shape, v, zeros);
      else
        transform(a_.grad, t, n, t, d_shape, d, zeros);
    }
  }

  // Chooses the number of tiles held at a time and of groups.
  void plan_groups() {
    const int64_t dw_bytes = a_.k * kTaps * a_.c * 4;
    const int64_t most = std::clamp<int64_t>(kPartBytes / dw_bytes, 2, kMostGroups);
    groups_ = 1;
    while (groups_ * 2 <= most && groups_ * 2 * 48 <= tiles_) groups_ *= 2;
    const int64_t wanted = std::clamp<int64_t>(a_.c * a_.k / (a_.c + a_.k) * 7 / 16, 56, 112);
    const int64_t in_group = ceil_div(tiles_, groups_);
    chunk_ = ceil_div(in_group, std::max<int64_t>((in_group + wanted / 2) / wanted, 1));
    side_ = frequencies_ * a_.c * a_.k * 4 <= kSmallFilter ? std::max(a_.c, a_.k) : kBlock;
  }

  void by_groups(Scratch& scratch) {
    plan_groups();
    const Grouped v_shape(a_.c, chunk_, chunk_, simd_.lanes);
    const Grouped d_shape(a_.k, chunk_, chunk_, simd_.lanes);
    const int64_t v_size = frequencies_ * v_shape.frequency;
    const int64_t d_size = frequencies_ * d_shape.frequency;
    const int64_t own_size =
        v_size + d_size + frequencies_ * block_at(0, 0, side_).frequency_stride;
    const int64_t part_size = whole_lines(a_.k * kTaps * a_.c);
    float* zeros = scratch.reserve(zeros_size_ + threads_ * own_size + groups_ * part_size);
    if (scratch.measures()) return;
    std::fill(zeros, zeros + zeros_size_, 0.0f);
    float* own = zeros + zeros_size_;
    float* parts = own + threads_ * own_size;
#pragma omp parallel num_threads(threads_)
    {
      float* v = own + omp_get_thread_num() * own_size;
#pragma omp for schedule(dynamic)
      for (int64_t g = 0; g < groups_; ++g)
        sum_group(g, v_shape, v, d_shape, v + v_size, v + v_size + d_size, zeros,
                  parts + g * part_size);
      sum_parts(parts, part_size);
    }
  }

  void sum_group(int64_t group, const Grouped& v_shape, float* v, const Grouped& d_shape, float* d,
                 float* du, const float* zeros, float* part) const {
    const int64_t begin = tiles_ * group / groups_, end = tiles_ * (group + 1) / groups_;
    const bool stays = side_ >= std::max(a_.c, a_.k);
    for (int64_t first = begin; first < end; first += chunk_) {
      const int64_t count = std::min(chunk_, end - first);
      const bool later = first > begin;
      transform(a_.in, first, count, 0, v_shape, v, zeros);
      transform(a_.grad, first, count, 0, d_shape, d, zeros);
      for (int64_t k0 = 0; k0 < a_.k; k0 += side_)
        for (int64_t c0 = 0; c0 < a_.c; c0 += side_) {
          const Block block = block_at(k0, c0, side_);
          multiply(block, count, v_shape, v, d_shape, d, du, stays && later);
          if (!stays || first + chunk_ >= end) finish(block, du, part, !stays && later);
        }
    }
  }

  void sum_parts(const float* parts, int64_t part_size) const {
    constexpr int64_t kPiece = 4096;
    const int64_t size = a_.k * kTaps * a_.c;
#pragma omp for schedule(static)
    for (int64_t begin = 0; begin < size; begin += kPiece) {
      const int64_t end = std::min(begin + kPiece, size);
      if (!a_.add) std::fill(a_.dw + begin, a_.dw + end, 0.0f);
      for (int64_t g = 0; g < groups_; ++g)
        for (int64_t i = begin; i < end; ++i) a_.dw[i] += parts[g * part_size + i];
    }
  }

  const SimdKernels& simd_;
  const int threads_;
  const WinogradWeightGrad& a_;
  const int64_t frequencies_;
  int64_t tiles_h_, tiles_w_, tiles_, zeros_size_;
  int64_t groups_ = 1, chunk_ = 0, side_ = 0;
};

}  // namespace

void winograd_weight_grad(const CpuResources& cpu, const WinogradWeightGrad& args) {
  WeightGradDriver(cpu, args).run(cpu.scratch);
}

}  // namespace pg::cpu
