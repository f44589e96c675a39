// winograd_conv.cpp: winograd_conv on all threads.
//
// There are two ways to divide the work, with the same sums. Many tiles: every thread takes chunks
// of tiles through all three steps in its own cache and reads one transformed filter that all share
// (passing tiles between threads costs more than the filter). Few tiles: the filter is the larger
// part, so each thread takes panels of output channels and transforms only their weights.
#include <omp.h>

#include <algorithm>

#include "kernels/cpu/fast/winograd.h"

namespace pg::cpu {

TileShape tile_shape(TransformIn in) {
  switch (in) {
    case TransformIn::pixels6:
    case TransformIn::grads6:
      return {36, 4};
    case TransformIn::pixels5:
    case TransformIn::grads5:
      return {25, 4};
    case TransformIn::lows:
    case TransformIn::pooled:
      break;
  }
  return {25, 2};
}

namespace {

constexpr int64_t kManyTiles = 192;
constexpr int64_t kSmall = int64_t{4} << 20;  // bytes of filter and tiles that need no prefetch
constexpr int64_t kSharedTiles = int64_t{8} << 20;  // bytes of tiles that threads share in L3
constexpr int64_t kRun =
    56;  // tiles multiplied with a panel of weights at a time: four register tiles

class ConvDriver {
 public:
  ConvDriver(const CpuResources& cpu, const WinogradConv& a)
      : simd_(cpu.simd), threads_(cpu.threads), a_(a), shape_(tile_shape(a.in)) {
    const int64_t side = a.out == TransformOut::pooled ? 2 : 4;
    tiles_h_ = ceil_div(a.p, side);
    tiles_w_ = ceil_div(a.q, side);
    tiles_ = a.n * tiles_h_ * tiles_w_;
    panel_ = 2 * simd_.lanes;
    panels_ = ceil_div(a.k, panel_);
    u_freq_ = odd_lines(a.c * panel_);
    zeros_size_ = whole_lines(a.c + simd_.lanes);
  }

  void run(Scratch& scratch) {
    if (tiles_ >= kManyTiles) {
      const int64_t chunks = ceil_div(tiles_, kRun);
      cut(chunks < 8 * threads_ ? round_up(chunks, threads_) : chunks);
      prefetches_ = shape_.frequencies * a_.c * (a_.k + chunk_) * 4 > kSmall;
      divide_tiles(scratch);
    } else {
      const int64_t tile_bytes = shape_.frequencies * a_.c * 4;
      cut(ceil_div(tiles_, std::max(kSharedTiles / tile_bytes, kRun)));
      divide_channels(scratch);
    }
  }

 private:
  // Cuts the tiles into about `chunks` equal chunks, and those into equal groups.
  void cut(int64_t chunks) {
    chunk_ = ceil_div(tiles_, chunks);
    group_ = ceil_div(chunk_, ceil_div(chunk_, simd_.max_rows));
    chunk_ = std::min(round_up(chunk_, group_), tiles_);
  }

  void transform_input(int64_t first, int64_t count, int64_t slot, const Grouped& v_shape, float* v,
                       const float* zeros) const {
    simd_.transform_in[static_cast<int>(a_.in)]({.x = a_.x,
                                                 .h = a_.h,
                                                 .w = a_.w,
                                                 .c = a_.c,
                                                 .tiles_h = tiles_h_,
                                                 .tiles_w = tiles_w_,
                                                 .step = shape_.step,
                                                 .origin = a_.origin,
                                                 .first = first,
                                                 .count = count,
                                                 .v = v,
                                                 .v_freq = v_shape.frequency,
                                                 .group = v_shape.group,
                                                 .v_group = v_shape.group_stride,
                                                 .slot = slot,
                                                 .zeros = zeros});
  }

  void transform_filter(int64_t panel, float* u) const {
    const bool forward = a_.use == WeightUse::forward;
    const auto* transform =
        shape_.frequencies == 36 ? simd_.transform_weight6 : simd_.transform_weight5;
    transform[static_cast<int>(a_.use)]({.w = a_.filter,
                                         .k = forward ? a_.k : a_.c,
                                         .c = forward ? a_.c : a_.k,
                                         .first = panel * panel_,
                                         .u = u,
                                         .u_freq = u_freq_});
  }

  int64_t vectors_of(int64_t panel) const {
    return std::min<int64_t>(ceil_div(a_.k - panel * panel_, simd_.lanes), 2);
  }
  int64_t m_size(int64_t tiles) const {
    return shape_.frequencies * odd_lines(2 * tiles * simd_.lanes);
  }

  // One panel of output channels for tiles [first, first + count), whose groups begin at v.
  void multiply(int64_t panel, int64_t first, int64_t count, const Grouped& v_shape, const float* v,
                const float* u, float* m) const {
    const int64_t m_vector = count * simd_.lanes, m_freq = odd_lines(2 * m_vector);
    for (int64_t f = 0; f < shape_.frequencies; ++f)
      simd_.gemm_rows({.a = v + f * v_shape.frequency,
                       .group = v_shape.group,
                       .a_group = v_shape.group_stride,
                       .b = u + f * u_freq_,
                       .b_row = panel_,
                       .c = m + f * m_freq,
                       .c_row = simd_.lanes,
                       .c_vector = m_vector,
                       .rows = count,
                       .depth = a_.c,
                       .vectors = vectors_of(panel),
                       .add = false,
                       .a_ahead = prefetches_ ? v_shape.frequency : 0,
                       .b_ahead = prefetches_ ? u_freq_ : 0});
    simd_.transform_out[static_cast<int>(a_.out)]({.m = m,
                                                   .m_freq = m_freq,
                                                   .m_vector = m_vector,
                                                   .tiles_h = tiles_h_,
                                                   .tiles_w = tiles_w_,
                                                   .first = first,
                                                   .count = count,
                                                   .y = a_.y,
                                                   .p = a_.p,
                                                   .q = a_.q,
                                                   .k = a_.k,
                                                   .k0 = panel * panel_,
                                                   .vectors = vectors_of(panel),
                                                   .scale = a_.scale,
                                                   .bias = a_.bias,
                                                   .slope = a_.slope});
  }

  void divide_tiles(Scratch& scratch) {
    const int64_t chunks = ceil_div(tiles_, chunk_);
    const Grouped v_shape(a_.c, chunk_, group_, simd_.lanes);
    const int64_t u_size = shape_.frequencies * u_freq_;
    const int64_t v_size = shape_.frequencies * v_shape.frequency;
    const int64_t own_size = v_size + m_size(chunk_);
    float* zeros = scratch.reserve(zeros_size_ + panels_ * u_size + threads_ * own_size);
    if (scratch.measures()) return;
    float* u = zeros + zeros_size_;
    std::fill(zeros, zeros + zeros_size_, 0.0f);
#pragma omp parallel num_threads(threads_)
    {
      float* v = u + panels_ * u_size + omp_get_thread_num() * own_size;
#pragma omp for schedule(dynamic)
      for (int64_t panel = 0; panel < panels_; ++panel) transform_filter(panel, u + panel * u_size);
#pragma omp for schedule(dynamic)
      for (int64_t i = 0; i < chunks; ++i) {
        const int64_t first = i * chunk_, count = std::min(chunk_, tiles_ - first);
        transform_input(first, count, 0, v_shape, v, zeros);
        for (int64_t panel = 0; panel < panels_; ++panel)
          multiply(panel, first, count, v_shape, v, u + panel * u_size, v + v_size);
      }
    }
  }

  void divide_channels(Scratch& scratch) {
    const Grouped v_shape(a_.c, chunk_, group_, simd_.lanes);
    const int64_t v_size = shape_.frequencies * v_shape.frequency;
    const int64_t u_size = shape_.frequencies * u_freq_;
    const int64_t own_size = u_size + m_size(kRun + simd_.max_rows);
    float* zeros = scratch.reserve(zeros_size_ + v_size + threads_ * own_size);
    if (scratch.measures()) return;
    float* v = zeros + zeros_size_;
    std::fill(zeros, zeros + zeros_size_, 0.0f);
#pragma omp parallel num_threads(threads_)
    {
      float* u = v + v_size + omp_get_thread_num() * own_size;
      for (int64_t first = 0; first < tiles_; first += chunk_)
        pass(first, std::min(chunk_, tiles_ - first), v_shape, v, zeros, u, u + u_size);
    }
  }

  // Inside a parallel region: all panels for one chunk of tiles.
  void pass(int64_t first, int64_t count, const Grouped& v_shape, float* v, const float* zeros,
            float* u, float* m) const {
    const int64_t piece = std::clamp<int64_t>(ceil_div(count, 2 * threads_), 4, 32);
#pragma omp for schedule(dynamic)
    for (int64_t t = 0; t < count; t += piece)
      transform_input(first + t, std::min(piece, count - t), t, v_shape, v, zeros);
    const int64_t groups = ceil_div(count, group_), runs = ceil_div(count, kRun);
    const int64_t parts = std::min(ceil_div(2 * threads_, panels_), groups);
    int64_t held = -1;
#pragma omp for schedule(dynamic)
    for (int64_t unit = 0; unit < panels_ * parts; ++unit) {
      const int64_t panel = unit / parts, part = unit % parts;
      if (panel != held) transform_filter(panel, u);
      held = panel;
      const int64_t end = groups * (part + 1) / parts,
                    step = ceil_div(groups, std::max(runs, parts));
      for (int64_t g = groups * part / parts; g < end; g += step) {
        const int64_t t = g * group_, tiles = std::min(std::min(step, end - g) * group_, count - t);
        multiply(panel, first + t, tiles, v_shape, v + g * v_shape.group_stride, u, m);
      }
    }
  }

  const SimdKernels& simd_;
  const int threads_;
  const WinogradConv& a_;
  const TileShape shape_;
  int64_t tiles_h_, tiles_w_, tiles_, panel_, panels_, zeros_size_;
  int64_t u_freq_, chunk_ = 0, group_ = 0;
  bool prefetches_ = false;
};

}  // namespace

void winograd_conv(const CpuResources& cpu, const WinogradConv& args) {
  ConvDriver(cpu, args).run(cpu.scratch);
}

}  // namespace pg::cpu
