// dots.cpp: products of rows with rows, for weights stored along the depth.
//
// Both operands are read in place, along the depth, and sums run in lanes; nothing is transposed or
// packed. Rows of b (weights) are read from memory once for a whole batch of rows of a.
#include "kernels/cpu/fast/simd/loops.h"
#include "kernels/cpu/fast/simd/vec.h"

namespace pg::cpu::PG_SIMD {
namespace {

constexpr int64_t kRowsA = kLanes == 16 ? 4 : 2;
constexpr int64_t kRowsB = kLanes == 16 ? 6 : 4;

constexpr int64_t kAhead = 128;  // floats to prefetch along a row of b

// Adds lanes in pairs at distance 1/2, 1/4, ... of the vector.
PG_INLINE float sum_of_lanes(Vec v) {
  alignas(64) float lanes[kLanes];
  store(lanes, v);
#pragma GCC unroll 4
  for (int64_t half = kLanes / 2; half > 0; half /= 2)
#pragma GCC unroll 8
    for (int64_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  return lanes[0];
}

template <int64_t kA, int64_t kB>
void dots_tile(const DotsArgs& g, const float* a, const float* b, float* c) {
  Vec acc[kA][kB] = {};
  int64_t l = 0;
  for (; l + kLanes <= g.depth; l += kLanes) {
    Vec bv[kB];
#pragma GCC unroll 8
    for (int64_t j = 0; j < kB; ++j) {
      bv[j] = load(b + j * g.b_row + l);
      __builtin_prefetch(b + j * g.b_row + l + kAhead);
    }
#pragma GCC unroll 8
    for (int64_t i = 0; i < kA; ++i) {
      const Vec av = load(a + i * g.a_row + l);
#pragma GCC unroll 8
      for (int64_t j = 0; j < kB; ++j) acc[i][j] = fma(av, bv[j], acc[i][j]);
    }
  }
  if (l < g.depth)
#pragma GCC unroll 8
    for (int64_t j = 0; j < kB; ++j) {
      const Vec bv = load_n(b + j * g.b_row + l, g.depth - l);
#pragma GCC unroll 8
      for (int64_t i = 0; i < kA; ++i)
        acc[i][j] = fma(load_n(a + i * g.a_row + l, g.depth - l), bv, acc[i][j]);
    }
#pragma GCC unroll 8
  for (int64_t i = 0; i < kA; ++i)
#pragma GCC unroll 8
    for (int64_t j = 0; j < kB; ++j) {
      const float sum = sum_of_lanes(acc[i][j]);
      c[i * g.c_row + j] = g.add ? c[i * g.c_row + j] + sum : sum;
    }
}

template <int64_t kB>
void dots_rows(const DotsArgs& g, const float* b, float* c) {
  int64_t i = 0;
  for (; i + kRowsA <= g.rows; i += kRowsA)
    dots_tile<kRowsA, kB>(g, g.a + i * g.a_row, b, c + i * g.c_row);
  for (; i < g.rows; ++i) dots_tile<1, kB>(g, g.a + i * g.a_row, b, c + i * g.c_row);
}

}  // namespace

void dots(const DotsArgs& g) {
  int64_t j = 0;
  for (; j + kRowsB <= g.columns; j += kRowsB) dots_rows<kRowsB>(g, g.b + j * g.b_row, g.c + j);
  for (; j < g.columns; ++j) dots_rows<1>(g, g.b + j * g.b_row, g.c + j);
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
      Vec v = fma(scale, load_n(g.c + row * g.c_row + j, lanes), base);
      if (g.bias != nullptr) v = leaky(v, slope);
      store_n(y, v, lanes);
    }
}

}  // namespace pg::cpu::PG_SIMD
