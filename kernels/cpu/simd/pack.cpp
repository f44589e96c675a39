// pack.cpp: plain matrices into the layouts of the matrix product, and its result into place.
#include "kernels/cpu/simd/loops.h"
#include "kernels/cpu/simd/vec.h"

namespace pg::cpu::PG_SIMD {

void pack_rows(const PackRowsArgs& g) {
  for (int64_t row = 0; row < g.rows; ++row) {
    const float* src = g.src + row * g.src_row;
    float* dst = g.dst + row * kLanes;
    for (int64_t l = 0; l < g.depth; l += kLanes, dst += g.group * kLanes)
      store(dst, load_n(src + l, g.depth - l));
  }
}

void pack_straight(const PackPanelArgs& g) {
  for (int64_t l = 0; l < g.depth; ++l)
    for (int64_t j = 0; j < kPanel; j += kLanes)
      store(g.dst + l * kPanel + j,
            j < g.columns ? load_n(g.src + l * g.src_row + j, g.columns - j) : Vec{});
}

void pack_transposed(const PackPanelArgs& g) {
  for (int64_t l = 0; l < g.depth; l += kLanes)
    for (int64_t j = 0; j < kPanel; j += kLanes) {
      Vec rows[kLanes];
      const float* src = g.src + j * g.src_row + l;
#pragma GCC unroll 16
      for (int64_t i = 0; i < kLanes; ++i)
        rows[i] = j + i < g.columns ? load_n(src + i * g.src_row, g.depth - l) : Vec{};
      transpose(rows);
      const int64_t n = g.depth - l < kLanes ? g.depth - l : kLanes;
      for (int64_t i = 0; i < n; ++i) store(g.dst + (l + i) * kPanel + j, rows[i]);
    }
}

void finish(const FinishArgs& g) {
  const Vec scale = broadcast(g.scale), slope = broadcast(g.slope);
  for (int64_t row = 0; row < g.rows; ++row)
    for (int64_t j = 0; j < g.columns; j += kLanes) {
      const int64_t lanes = g.columns - j;
      float* y = g.y + row * g.y_row + j;
      Vec base = {};
      if (g.add) base = load_n(y, lanes);
      if (g.bias != nullptr) base = base + load_n(g.bias + j, lanes);
      Vec v = fma(scale, load(g.c + row * g.c_row + j), base);
      if (g.bias != nullptr) v = leaky(v, slope);
      store_n(y, v, lanes);
    }
}

}  // namespace pg::cpu::PG_SIMD
