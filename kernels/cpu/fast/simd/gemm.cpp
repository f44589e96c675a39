// gemm.cpp: register tiles of the matrix products.
//
// A tile keeps rows x 2 vectors of the result in registers; each step of the depth loads two
// vectors of b and broadcasts one element of a for each row. Each element is one chain of
// multiply-adds in the order of the depth, so the tiling does not change a bit.
#include "kernels/cpu/fast/simd/loops.h"
#include "kernels/cpu/fast/simd/vec.h"

namespace pg::cpu::PG_SIMD {
namespace {

template <int64_t kRows, int64_t kVectors>
PG_INLINE void read_tile(Vec (&acc)[kRows][kVectors], const float* c, int64_t row, int64_t vector,
                         bool add) {
#pragma GCC unroll 16
  for (int64_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (int64_t v = 0; v < kVectors; ++v) acc[i][v] = add ? load(c + i * row + v * vector) : Vec{};
}

template <int64_t kRows, int64_t kVectors>
PG_INLINE void write_tile(const Vec (&acc)[kRows][kVectors], float* c, int64_t row,
                          int64_t vector) {
#pragma GCC unroll 16
  for (int64_t i = 0; i < kRows; ++i)
#pragma GCC unroll 4
    for (int64_t v = 0; v < kVectors; ++v) store(c + i * row + v * vector, acc[i][v]);
}

template <bool kPrefetch, int64_t kRows, int64_t kVectors>
void rows_tile(const GemmRowsArgs& g, const float* a, float* c) {
  Vec acc[kRows][kVectors];
  read_tile(acc, c, g.c_row, g.c_vector, g.add);
  const float* b = g.b;
  const int64_t b_row = g.b_row, a_block = g.group * kLanes;
  for (int64_t l0 = 0; l0 < g.depth; l0 += kLanes, a += a_block) {
    const int64_t n = g.depth - l0 < kLanes ? g.depth - l0 : kLanes;
#pragma GCC unroll 16
    for (int64_t i = 0; i < kRows; ++i)
      if (kPrefetch) __builtin_prefetch(a + i * kLanes + g.a_ahead);
    for (int64_t l = 0; l < n; ++l, b += b_row) {
      Vec bv[kVectors];
#pragma GCC unroll 4
      for (int64_t v = 0; v < kVectors; ++v) {
        bv[v] = load(b + v * kLanes);
        if (kPrefetch) __builtin_prefetch(b + v * kLanes + g.b_ahead);
      }
#pragma GCC unroll 16
      for (int64_t i = 0; i < kRows; ++i) {
        const Vec av = broadcast(a[i * kLanes + l]);
#pragma GCC unroll 4
        for (int64_t v = 0; v < kVectors; ++v) acc[i][v] = fma(av, bv[v], acc[i][v]);
      }
    }
  }
  write_tile(acc, c, g.c_row, g.c_vector);
}

// Calls rows_tile with the compile-time row count that equals `rows`.
template <bool kPrefetch, int64_t kVectors, int64_t kRows = kMaxRows>
PG_INLINE void dispatch_rows(const GemmRowsArgs& g, const float* a, float* c, int64_t rows) {
  if (rows == kRows) {
    rows_tile<kPrefetch, kRows, kVectors>(g, a, c);
  } else if constexpr (kRows > 1) {
    dispatch_rows<kPrefetch, kVectors, kRows - 1>(g, a, c, rows);
  }
}

// A divisor of kLanes, so a tile never straddles two blocks of a.
constexpr int64_t kColsRows = kLanes < 16 ? 4 : 8;

template <bool kPrefetch, int64_t kRows, int64_t kVectors>
void cols_tile(const GemmColsArgs& g, const float* a, const float* b, float* c) {
  Vec acc[kRows][kVectors];
  read_tile(acc, c, g.c_row, g.c_vector, g.add);
  for (int64_t l = 0; l < g.depth; ++l, a += g.a_step, b += g.b_step) {
    Vec bv[kVectors];
#pragma GCC unroll 4
    for (int64_t v = 0; v < kVectors; ++v) {
      bv[v] = load(b + v * g.b_vector);
      if (kPrefetch) __builtin_prefetch(b + v * g.b_vector + g.b_ahead);
    }
    if (kPrefetch) __builtin_prefetch(a + g.a_ahead);
#pragma GCC unroll 16
    for (int64_t i = 0; i < kRows; ++i) {
      const Vec av = broadcast(a[i]);
#pragma GCC unroll 4
      for (int64_t v = 0; v < kVectors; ++v) acc[i][v] = fma(av, bv[v], acc[i][v]);
    }
  }
  write_tile(acc, c, g.c_row, g.c_vector);
}

template <bool kPrefetch, int64_t kVectors, int64_t kRows = kColsRows>
PG_INLINE void dispatch_cols(const GemmColsArgs& g, const float* a, const float* b, float* c,
                             int64_t rows) {
  if (rows >= kRows) {
    cols_tile<kPrefetch, kRows, kVectors>(g, a, b, c);
  } else if constexpr (kRows > 1) {
    dispatch_cols<kPrefetch, kVectors, kRows - 1>(g, a, b, c, rows);
  }
}

template <bool kPrefetch>
void gemm_cols_with(const GemmColsArgs& g) {
  for (int64_t v = 0; v < g.vectors; v += 2) {
    const float* b = g.b + v * g.b_vector;
    for (int64_t row = 0; row < g.rows; row += kColsRows) {
      const float* a = g.a + (row / kLanes) * g.a_block + row % kLanes;
      float* c = g.c + row * g.c_row + v * g.c_vector;
      if (v + 2 <= g.vectors)
        dispatch_cols<kPrefetch, 2>(g, a, b, c, g.rows - row);
      else
        dispatch_cols<kPrefetch, 1>(g, a, b, c, g.rows - row);
    }
  }
}

template <bool kPrefetch>
void gemm_rows_with(const GemmRowsArgs& g) {
  const float* a = g.a;
  for (int64_t row = 0; row < g.rows; row += g.group, a += g.a_group) {
    const int64_t rows = g.rows - row < g.group ? g.rows - row : g.group;
    float* c = g.c + row * g.c_row;
    if (g.vectors == 2)
      dispatch_rows<kPrefetch, 2>(g, a, c, rows);
    else
      dispatch_rows<kPrefetch, 1>(g, a, c, rows);
  }
}

}  // namespace

void gemm_rows(const GemmRowsArgs& g) {
  if (g.b_ahead != 0)
    gemm_rows_with<true>(g);
  else
    gemm_rows_with<false>(g);
}

void gemm_cols(const GemmColsArgs& g) {
  if (g.b_ahead != 0)
    gemm_cols_with<true>(g);
  else
    gemm_cols_with<false>(g);
}

}  // namespace pg::cpu::PG_SIMD
