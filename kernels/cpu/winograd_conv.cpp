// winograd_conv.cpp: the drivers of winograd_conv.
//
// Two loops over the same parts. Small filters: all threads share the transformed filter, each
// takes tiles of its own and keeps them in its L2. Large filters: all threads share the transformed
// tiles, each takes panels of output channels and transforms their weights for itself.
#include <omp.h>

#include <algorithm>

#include "kernels/cpu/winograd.h"

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

constexpr int64_t kSmallFilter = int64_t{5} << 19;   // bytes of all frequencies
constexpr int64_t kSharedTiles = int64_t{12} << 20;  // bytes of transformed tiles in L3
constexpr int64_t kPrivateTiles = int64_t{1} << 19;  // bytes of transformed tiles in L2
constexpr int64_t kRun = 56;                         // tiles of one pass over a panel

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
    const int64_t v_tile = shape_.frequencies * a_.c * 4;
    if (shape_.frequencies * a_.c * a_.k * 4 <= kSmallFilter)
      share_filter(scratch,
                   std::clamp(round_rows(kPrivateTiles / v_tile), simd_.max_rows, 2 * kRun));
    else
      share_tiles(scratch, std::max(round_rows(kSharedTiles / v_tile), round_rows(kRun)));
  }

 private:
  int64_t round_rows(int64_t tiles) const { return tiles / simd_.max_rows * simd_.max_rows; }
  // Equal chunks of at most `most` tiles, in whole register tiles.
  int64_t chunk_of(int64_t most) const {
    const int64_t equal = ceil_div(tiles_, ceil_div(tiles_, most));
    return std::min(ceil_div(equal, simd_.max_rows) * simd_.max_rows, tiles_);
  }

  void fill_zeros(float* zeros) { std::fill(zeros, zeros + zeros_size_, 0.0f); }

  void transform_input(int64_t first, int64_t count, const Blocked& v_shape, float* v,
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
                                                 .v_block = v_shape.block,
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

  // One panel of output channels for tiles [first, first + count), whose rows begin at v.
  void multiply(int64_t panel, int64_t first, int64_t count, const Blocked& v_shape, const float* v,
                const float* u, float* m) const {
    const int64_t k0 = panel * panel_;
    const int64_t vectors = std::min<int64_t>(ceil_div(a_.k - k0, simd_.lanes), 2);
    const int64_t m_vector = count * simd_.lanes, m_freq = odd_lines(2 * m_vector);
    for (int64_t f = 0; f < shape_.frequencies; ++f)
      simd_.gemm_rows({.a = v + f * v_shape.frequency,
                       .a_block = v_shape.block,
                       .b = u + f * u_freq_,
                       .b_row = panel_,
                       .c = m + f * m_freq,
                       .c_row = simd_.lanes,
                       .c_vector = m_vector,
                       .rows = count,
                       .depth = a_.c,
                       .vectors = vectors,
                       .add = false});
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
                                                   .k0 = k0,
                                                   .vectors = vectors,
                                                   .scale = a_.scale,
                                                   .bias = a_.bias,
                                                   .slope = a_.slope});
  }

  int64_t m_size(int64_t tiles) const {
    return shape_.frequencies * odd_lines(2 * tiles * simd_.lanes);
  }

  void share_filter(Scratch& scratch, int64_t most) {
    const int64_t chunk = chunk_of(most), chunks = ceil_div(tiles_, chunk);
    const Blocked v_shape(a_.c, chunk, simd_.lanes);
    const int64_t u_size = shape_.frequencies * u_freq_;
    const int64_t v_size = shape_.frequencies * v_shape.frequency;
    const int64_t own_size = v_size + m_size(chunk);
    float* zeros = scratch.reserve(zeros_size_ + panels_ * u_size + threads_ * own_size);
    float* u = zeros + zeros_size_;
    fill_zeros(zeros);
#pragma omp parallel num_threads(threads_)
    {
      float* v = u + panels_ * u_size + omp_get_thread_num() * own_size;
#pragma omp for schedule(dynamic)
      for (int64_t panel = 0; panel < panels_; ++panel) transform_filter(panel, u + panel * u_size);
#pragma omp for schedule(dynamic)
      for (int64_t i = 0; i < chunks; ++i) {
        const int64_t first = i * chunk, count = std::min(chunk, tiles_ - first);
        transform_input(first, count, v_shape, v, zeros);
        for (int64_t panel = 0; panel < panels_; ++panel)
          multiply(panel, first, count, v_shape, v, u + panel * u_size, v + v_size);
      }
    }
  }

  void share_tiles(Scratch& scratch, int64_t most) {
    const int64_t chunk = chunk_of(most);
    const Blocked v_shape(a_.c, chunk, simd_.lanes);
    const int64_t v_size = shape_.frequencies * v_shape.frequency;
    const int64_t u_size = shape_.frequencies * u_freq_;
    const int64_t own_size = u_size + m_size(kRun);
    float* zeros = scratch.reserve(zeros_size_ + v_size + threads_ * own_size);
    float* v = zeros + zeros_size_;
    fill_zeros(zeros);
#pragma omp parallel num_threads(threads_)
    {
      float* u = v + v_size + omp_get_thread_num() * own_size;
      for (int64_t first = 0; first < tiles_; first += chunk)
        pass(first, std::min(chunk, tiles_ - first), v_shape, v, zeros, u, u + u_size);
    }
  }

  // Inside a parallel region: all panels for one chunk of tiles.
  void pass(int64_t first, int64_t count, const Blocked& v_shape, float* v, const float* zeros,
            float* u, float* m) const {
    constexpr int64_t kGroup = 8;
#pragma omp for schedule(dynamic)
    for (int64_t t = 0; t < count; t += kGroup)
      transform_input(first + t, std::min(kGroup, count - t), v_shape, v + t * simd_.lanes, zeros);
    const int64_t runs = ceil_div(count, kRun);
    const int64_t parts = std::min(ceil_div(2 * threads_, panels_), runs);
    int64_t held = -1;
#pragma omp for schedule(dynamic)
    for (int64_t unit = 0; unit < panels_ * parts; ++unit) {
      const int64_t panel = unit / parts, part = unit % parts;
      if (panel != held) transform_filter(panel, u);
      held = panel;
      for (int64_t r = runs * part / parts; r < runs * (part + 1) / parts; ++r) {
        const int64_t t = count * r / runs, end = count * (r + 1) / runs;
        multiply(panel, first + t, end - t, v_shape, v + t * simd_.lanes, u, m);
      }
    }
  }

  const SimdKernels& simd_;
  const int threads_;
  const WinogradConv& a_;
  const TileShape shape_;
  int64_t tiles_h_, tiles_w_, tiles_, panel_, panels_, u_freq_, zeros_size_;
};

}  // namespace

void winograd_conv(const CpuResources& cpu, const WinogradConv& args) {
  ConvDriver(cpu, args).run(cpu.scratch);
}

}  // namespace pg::cpu
