// panel.h: the inner loop shared by the direct convolutions and the matrix product.
//
// Weights are packed into panels [depth][kWidth]: kWidth neighbouring outputs side by side, padded
// with zeros. The inner loop runs over outputs, so it vectorises without reordering any sum.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/parallel.h"

namespace pg::cpu {

// acc[j] += sum over i of x[i] * panel[i * kWidth + j], i ascending.
template <typename T, int kWidth>
inline void add_row_times_panel(const T* __restrict__ x, const T* __restrict__ panel, int64_t depth,
                                T* __restrict__ acc) {
  T sum[kWidth];
  for (int j = 0; j < kWidth; ++j) sum[j] = acc[j];
  for (int64_t i = 0; i < depth; ++i) {
    const T xi = x[i];
#pragma omp simd
    for (int j = 0; j < kWidth; ++j) sum[j] += xi * panel[i * kWidth + j];
  }
  for (int j = 0; j < kWidth; ++j) acc[j] = sum[j];
}

// Calls f(std::integral_constant<int, width>) with the panel width for `outputs` outputs.
template <typename F>
void dispatch_width(int64_t outputs, F f) {
  if (outputs <= 4) return f(std::integral_constant<int, 4>{});
  if (outputs <= 8) return f(std::integral_constant<int, 8>{});
  if (outputs <= 16) return f(std::integral_constant<int, 16>{});
  return f(std::integral_constant<int, 32>{});
}

// Panels of a matrix of `depth` rows and `outputs` columns, `slices` times (the taps of a filter):
// element (slice, i, j) is source[slice * slice_stride + i * depth_stride + j * output_stride].
struct PanelView {
  int64_t slices = 1, depth = 0, outputs = 0;
  int64_t slice_stride = 0, depth_stride = 0, output_stride = 0;
};

// Packed as [panel][slice][depth][kWidth].
template <typename T, int kWidth>
std::vector<T> pack_panels(int threads, const T* source, PanelView s) {
  const int64_t panels = ceil_div(s.outputs, kWidth);
  std::vector<T> packed(static_cast<size_t>(panels * s.slices * s.depth * kWidth));
  T* const out = packed.data();
  parallel_for(threads, panels * s.slices, 1, [=](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const int64_t first = index / s.slices * kWidth;
      const int64_t width = std::min<int64_t>(kWidth, s.outputs - first);
      const T* const from = source + index % s.slices * s.slice_stride + first * s.output_stride;
      T* const to = out + index * s.depth * kWidth;
      for (int64_t i = 0; i < s.depth; ++i) {
        for (int64_t j = 0; j < width; ++j) {
          to[i * kWidth + j] = from[i * s.depth_stride + j * s.output_stride];
        }
      }
    }
  });
  return packed;
}

}  // namespace pg::cpu
