// vec.h: one vector of floats of the instruction set that this file is compiled for.
//
// Only builtins and always-inline intrinsics: no function may leave a copy that the linker could
// share between instruction sets (cmake/simd.cmake). Multiply-adds are explicit, because the build
// turns off contraction; without FMA (sse2) they round twice.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define PG_INLINE static inline __attribute__((always_inline))

namespace pg::cpu::PG_SIMD {

#if defined(__AVX512F__)
constexpr int64_t kLanes = 16;
constexpr int64_t kMaxRows = 14;  // accumulators use 28 of 32 registers
#elif defined(__AVX2__)
constexpr int64_t kLanes = 8;
constexpr int64_t kMaxRows = 6;  // 12 of 16 registers
#else
constexpr int64_t kLanes = 4;
constexpr int64_t kMaxRows = 6;
#endif
constexpr int64_t kPanel = 2 * kLanes;  // columns of a packed panel

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef float VecUnaligned __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

PG_INLINE Vec load(const float* p) { return *reinterpret_cast<const VecUnaligned*>(p); }
PG_INLINE void store(float* p, Vec v) { *reinterpret_cast<VecUnaligned*>(p) = v; }

PG_INLINE Vec broadcast(float s) {
#if defined(__AVX512F__)
  return _mm512_set1_ps(s);
#elif defined(__AVX2__)
  return _mm256_set1_ps(s);
#else
  return _mm_set1_ps(s);
#endif
}

// a * b + c
PG_INLINE Vec fma(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}
PG_INLINE Vec fma(float a, Vec b, Vec c) { return fma(broadcast(a), b, c); }

// The first n lanes of memory, zeros elsewhere; memory past them is not touched.
PG_INLINE Vec load_n(const float* p, int64_t n) {
  if (n >= kLanes) return load(p);
#if defined(__AVX512F__)
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1u), p);
#else
  alignas(64) float lanes[kLanes] = {};
  for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
  return load(lanes);
#endif
}

PG_INLINE void store_n(float* p, Vec v, int64_t n) {
  if (n >= kLanes) {
    store(p, v);
    return;
  }
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1u), v);
#else
  alignas(64) float lanes[kLanes];
  store(lanes, v);
  for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
#endif
}

PG_INLINE Vec leaky(Vec v, Vec slope) { return v > 0.0f ? v : v * slope; }

#if defined(__AVX512F__)
PG_INLINE Vec interleave_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
PG_INLINE Vec interleave_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
#elif defined(__AVX2__)
PG_INLINE Vec interleave_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
PG_INLINE Vec interleave_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#else
PG_INLINE Vec interleave_low(Vec a, Vec b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
PG_INLINE Vec interleave_high(Vec a, Vec b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
#endif

// Transposes a square of kLanes vectors: after log2(kLanes) perfect shuffles row i holds column i.
PG_INLINE void transpose(Vec* rows) {
  constexpr int64_t kHalf = kLanes / 2;
#pragma GCC unroll 4
  for (int64_t round = 1; round < kLanes; round *= 2) {
    Vec next[kLanes];
#pragma GCC unroll 8
    for (int64_t i = 0; i < kHalf; ++i) {
      next[2 * i] = interleave_low(rows[i], rows[i + kHalf]);
      next[2 * i + 1] = interleave_high(rows[i], rows[i + kHalf]);
    }
#pragma GCC unroll 16
    for (int64_t i = 0; i < kLanes; ++i) rows[i] = next[i];
  }
}

}  // namespace pg::cpu::PG_SIMD
