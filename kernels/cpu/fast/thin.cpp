// thin.cpp: thin_conv and thin_weight_grad on all threads.
#include "kernels/cpu/fast/thin.h"

#include <algorithm>

namespace pg::cpu {
namespace {

constexpr int64_t kRun = 1024;   // pixels in one task
constexpr int64_t kGroups = 64;  // partial weight gradients, at any number of threads

}  // namespace

void thin_conv(const CpuResources& cpu, const ThinConv& g) {
  const bool widens = g.ins <= kMaxThin;
  const int64_t thin = widens ? g.ins : g.outs, wide = widens ? g.outs : g.ins;
  const int64_t padded = round_up(wide, cpu.simd.lanes);
  float* w = cpu.scratch.reserve(thin * padded);
  if (cpu.scratch.measures()) return;
  std::fill(w, w + thin * padded, 0.0f);
  const bool thin_first = (g.use == WeightUse::forward) != widens;  // the filter is [thin, wide]
  for (int64_t i = 0; i < thin; ++i)
    for (int64_t j = 0; j < wide; ++j)
      w[i * padded + j] = thin_first ? g.filter[i * wide + j] : g.filter[j * thin + i];
  const auto multiply = widens ? cpu.simd.widen : cpu.simd.narrow;
  const int64_t runs = ceil_div(g.pixels, kRun);
#pragma omp parallel for schedule(static) num_threads(cpu.threads)
  for (int64_t i = 0; i < runs; ++i)
    multiply({.in = g.in + i * kRun * g.ins,
              .thin = nullptr,
              .out = g.out + i * kRun * g.outs,
              .w = w,
              .pixels = std::min(kRun, g.pixels - i * kRun),
              .thin_channels = thin,
              .wide_channels = wide,
              .scale = g.scale,
              .bias = g.bias,
              .slope = g.slope});
}

void thin_weight_grad(const CpuResources& cpu, const ThinWeightGrad& g) {
  const bool x_thin = g.c <= kMaxThin;
  const int64_t thin = x_thin ? g.c : g.k, wide = x_thin ? g.k : g.c;
  const int64_t padded = round_up(wide, cpu.simd.lanes);
  const int64_t size = whole_lines(thin * padded);
  const int64_t groups = std::min(kGroups, ceil_div(g.pixels, 64));
  float* parts = cpu.scratch.reserve(groups * size);
  if (cpu.scratch.measures()) return;
#pragma omp parallel for schedule(static) num_threads(cpu.threads)
  for (int64_t i = 0; i < groups; ++i) {
    const int64_t first = g.pixels * i / groups, end = g.pixels * (i + 1) / groups;
    cpu.simd.outer({.in = (x_thin ? g.dy : g.x) + first * wide,
                    .thin = (x_thin ? g.x : g.dy) + first * thin,
                    .out = parts + i * size,
                    .w = nullptr,
                    .pixels = end - first,
                    .thin_channels = thin,
                    .wide_channels = wide,
                    .scale = 1.0f,
                    .bias = nullptr,
                    .slope = 1.0f});
  }
  for (int64_t i = 0; i < thin; ++i)
    for (int64_t j = 0; j < wide; ++j) {
      float sum = 0.0f;
      for (int64_t p = 0; p < groups; ++p) sum += parts[p * size + i * padded + j];
      float& dw = g.dw[x_thin ? j * thin + i : i * wide + j];
      dw = g.add ? dw + g.scale * sum : g.scale * sum;
    }
}

}  // namespace pg::cpu
