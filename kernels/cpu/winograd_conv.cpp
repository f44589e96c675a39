// winograd_conv.cpp: the drivers of winograd_conv.
//
// Two loops over the same parts. Small filters: all threads share the transformed filter, each
// takes tiles of its own and keeps them in its L2. Large filters: all threads share the transformed
// tiles, each takes panels of output channels and transforms their weights for itself.
#include <omp.h>

#include <algorithm>
#include <cstdlib>

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

int64_t knob(const char* name, int64_t otherwise) {
  const char* v = getenv(name);
  return v ? atoll(v) : otherwise;
}
const int64_t kSmallFilter = knob("SMALL", 2560) << 10;  // bytes of all frequencies
const int64_t kSharedTiles = knob("SHARED", 12) << 20;   // bytes of transformed tiles in L3
const int64_t kPrivateTiles = knob("PRIV", 512) << 10;   // bytes of transformed tiles in L2
const int64_t kRun = knob("RUN", 56);                    // tiles of one pass over a panel
const int64_t kPair = knob("PAIR", 2);
const int64_t kSlice = knob("SLICE", 128);

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
    zeros_size_ = whole_lines(a.c + simd_.lanes);
  }

  void run(Scratch& scratch) {
    const int64_t v_tile = shape_.frequencies * a_.c * 4;
    if (shape_.frequencies * a_.c * a_.k * 4 <= kSmallFilter)
      share_filter(scratch, std::clamp(kPrivateTiles / v_tile, simd_.max_rows, 2 * kRun));
    else
      share_tiles(scratch, std::max(kSharedTiles / v_tile, kRun));
  }

 private:
  // Cuts the tiles into equal chunks of at most `most`, and those into equal groups.
  void cut(int64_t most) {
    chunk_ = ceil_div(tiles_, ceil_div(tiles_, most));
    group_ = ceil_div(chunk_, ceil_div(chunk_, simd_.max_rows));
    if (chunk_ < tiles_) chunk_ = ceil_div(chunk_, group_) * group_;
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

  // A range of the depth of a panel of the transformed filter.
  struct Slice {
    int64_t begin, depth, frequency;  // frequency: stride
  };
  Slice slice_at(int64_t begin, int64_t most) const {
    const int64_t depth = std::min(most, a_.c - begin);
    return {begin, depth, odd_lines(depth * panel_)};
  }
  int64_t slice_size(int64_t depth) const { return shape_.frequencies * odd_lines(depth * panel_); }

  void transform_filter(int64_t panel, const Slice& slice, float* u) const {
    const bool forward = a_.use == WeightUse::forward;
    const auto* transform =
        shape_.frequencies == 36 ? simd_.transform_weight6 : simd_.transform_weight5;
    transform[static_cast<int>(a_.use)]({.w = a_.filter,
                                         .k = forward ? a_.k : a_.c,
                                         .c = forward ? a_.c : a_.k,
                                         .first = panel * panel_,
                                         .depth0 = slice.begin,
                                         .depth = slice.depth,
                                         .u = u,
                                         .u_freq = slice.frequency});
  }

  int64_t vectors_of(int64_t panel) const {
    return std::min<int64_t>(ceil_div(a_.k - panel * panel_, simd_.lanes), 2);
  }
  int64_t m_frequency(int64_t tiles) const { return odd_lines(2 * tiles * simd_.lanes); }
  int64_t m_size(int64_t tiles) const { return shape_.frequencies * m_frequency(tiles); }

  // m (+)= v * u at one frequency, for `count` tiles from the group at v.
  void multiply(int64_t f, int64_t panel, int64_t count, const Grouped& v_shape, const float* v,
                const Slice& slice, const float* u, float* m) const {
    simd_.gemm_rows({.a = v + f * v_shape.frequency + slice.begin * v_shape.group,
                     .group = v_shape.group,
                     .a_group = v_shape.group_stride,
                     .b = u + f * slice.frequency,
                     .b_row = panel_,
                     .c = m + f * m_frequency(count),
                     .c_row = simd_.lanes,
                     .c_vector = count * simd_.lanes,
                     .rows = count,
                     .depth = slice.depth,
                     .vectors = vectors_of(panel),
                     .add = slice.begin > 0});
  }

  void transform_output(int64_t panel, int64_t first, int64_t count, const float* m) const {
    simd_.transform_out[static_cast<int>(a_.out)]({.m = m,
                                                   .m_freq = m_frequency(count),
                                                   .m_vector = count * simd_.lanes,
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

  void share_filter(Scratch& scratch, int64_t most) {
    cut(most);
    const int64_t chunks = ceil_div(tiles_, chunk_);
    const Grouped v_shape(a_.c, chunk_, group_, simd_.lanes);
    const Slice whole = slice_at(0, a_.c);
    const int64_t u_size = slice_size(a_.c);
    const int64_t v_size = shape_.frequencies * v_shape.frequency;
    const int64_t own_size = v_size + m_size(chunk_);
    float* zeros = scratch.reserve(zeros_size_ + panels_ * u_size + threads_ * own_size);
    float* u = zeros + zeros_size_;
    std::fill(zeros, zeros + zeros_size_, 0.0f);
#pragma omp parallel num_threads(threads_)
    {
      float* v = u + panels_ * u_size + omp_get_thread_num() * own_size;
      float* m = v + v_size;
#pragma omp for schedule(dynamic)
      for (int64_t panel = 0; panel < panels_; ++panel)
        transform_filter(panel, whole, u + panel * u_size);
#pragma omp for schedule(dynamic)
      for (int64_t i = 0; i < chunks; ++i) {
        const int64_t first = i * chunk_, count = std::min(chunk_, tiles_ - first);
        transform_input(first, count, 0, v_shape, v, zeros);
        for (int64_t panel = 0; panel < panels_; ++panel) {
          for (int64_t f = 0; f < shape_.frequencies; ++f)
            multiply(f, panel, count, v_shape, v, whole, u + panel * u_size, m);
          transform_output(panel, first, count, m);
        }
      }
    }
  }

  void share_tiles(Scratch& scratch, int64_t most) {
    cut(most);
    run_ = std::max<int64_t>(kRun / group_, 1) * group_;
    runs_ = ceil_div(chunk_, run_);
    run_ = ceil_div(ceil_div(chunk_, group_), runs_) * group_;
    pair_ = panels_ >= 4 * threads_ ? kPair : 1;
    slice_ = runs_ == 1 ? std::min(kSlice, a_.c) : a_.c;
    const Grouped v_shape(a_.c, chunk_, group_, simd_.lanes);
    const int64_t v_size = shape_.frequencies * v_shape.frequency;
    const int64_t own_size = pair_ * (slice_size(slice_) + m_size(run_));
    float* zeros = scratch.reserve(zeros_size_ + v_size + threads_ * own_size);
    float* v = zeros + zeros_size_;
    std::fill(zeros, zeros + zeros_size_, 0.0f);
#pragma omp parallel num_threads(threads_)
    {
      float* own = v + v_size + omp_get_thread_num() * own_size;
      for (int64_t first = 0; first < tiles_; first += chunk_)
        pass(first, std::min(chunk_, tiles_ - first), v_shape, v, zeros, own);
    }
  }

  // Inside a parallel region: all panels for one chunk of tiles.
  void pass(int64_t first, int64_t count, const Grouped& v_shape, float* v, const float* zeros,
            float* own) const {
    constexpr int64_t kPiece = 24;
#pragma omp for schedule(dynamic)
    for (int64_t t = 0; t < count; t += kPiece)
      transform_input(first + t, std::min(kPiece, count - t), t, v_shape, v, zeros);
    const int64_t pairs = ceil_div(panels_, pair_), runs = ceil_div(count, run_);
    const int64_t parts = std::min(ceil_div(2 * threads_, pairs), runs);
#pragma omp for schedule(dynamic)
    for (int64_t unit = 0; unit < pairs * parts; ++unit) {
      const int64_t panel = unit / parts * pair_, part = unit % parts;
      const int64_t end = std::min(panel + pair_, panels_);
      float* u = own;
      float* m = own + pair_ * slice_size(slice_);
      for (int64_t c0 = 0; c0 < a_.c; c0 += slice_) {
        const Slice slice = slice_at(c0, slice_);
        for (int64_t p = panel; p < end; ++p)
          transform_filter(p, slice, u + (p - panel) * slice_size(slice_));
        for (int64_t r = runs * part / parts; r < runs * (part + 1) / parts; ++r) {
          const int64_t t = r * run_, tiles = std::min(run_, count - t);
          const float* at = v + r * (run_ / v_shape.group) * v_shape.group_stride;
          for (int64_t f = 0; f < shape_.frequencies; ++f)
            for (int64_t p = panel; p < end; ++p)
              multiply(f, p, tiles, v_shape, at, slice, u + (p - panel) * slice_size(slice_),
                       m + (p - panel) * m_size(run_));
          if (c0 + slice_ < a_.c) continue;
          for (int64_t p = panel; p < end; ++p)
            transform_output(p, first + t, tiles, m + (p - panel) * m_size(run_));
        }
      }
    }
  }

  const SimdKernels& simd_;
  const int threads_;
  const WinogradConv& a_;
  const TileShape shape_;
  int64_t tiles_h_, tiles_w_, tiles_, panel_, panels_, zeros_size_;
  int64_t chunk_, group_, run_, runs_, pair_, slice_;
};

}  // namespace

void winograd_conv(const CpuResources& cpu, const WinogradConv& args) {
  ConvDriver(cpu, args).run(cpu.scratch);
}

}  // namespace pg::cpu
