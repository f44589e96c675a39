// winograd_math.h: the one-dimensional transforms of Winograd F(4, 3), for vectors of channels.
//
// Points 0, 1, -1, 2, -2, infinity (Lavin and Gray 2016). Nearest upsampling multiplies the input
// polynomial by 1 + z, and 2x2 pooling the output polynomial, so both vanish at the point -1
// (frequency 2), which the transforms named 5 omit. Each maps kIn vectors to kOut; neighbouring
// tiles share kShared of the inputs.
#pragma once

#include "kernels/cpu/fast/simd/vec.h"

namespace pg::cpu::PG_SIMD {

struct Pixels6In {  // B^T
  static constexpr int kIn = 6, kOut = 6, kShared = 2;
  PG_INLINE void apply(const Vec* d, Vec* r) {
    const Vec a = fma(-4.0f, d[2], d[4]), b = fma(-4.0f, d[1], d[3]);
    const Vec c = d[4] - d[2], e = 2.0f * (d[3] - d[1]);
    r[0] = fma(4.0f, d[0], fma(-5.0f, d[2], d[4]));
    r[1] = a + b;
    r[2] = a - b;
    r[3] = c + e;
    r[4] = c - e;
    r[5] = fma(4.0f, d[1], fma(-5.0f, d[3], d[5]));
  }
};

struct Pixels5In {
  static constexpr int kIn = 6, kOut = 5, kShared = 2;
  PG_INLINE void apply(const Vec* d, Vec* r) {
    const Vec c = d[4] - d[2], e = 2.0f * (d[3] - d[1]);
    r[0] = fma(4.0f, d[0], fma(-5.0f, d[2], d[4]));
    r[1] = fma(-4.0f, d[1] + d[2], d[3] + d[4]);
    r[2] = c + e;
    r[3] = c - e;
    r[4] = fma(4.0f, d[1], fma(-5.0f, d[3], d[5]));
  }
};

struct LowsIn {  // B^T of [a, b, b, c, c, d]
  static constexpr int kIn = 4, kOut = 5, kShared = 2;
  PG_INLINE void apply(const Vec* d, Vec* r) {
    const Vec s = d[2] - d[1];
    r[0] = fma(4.0f, d[0], fma(-5.0f, d[1], d[2]));
    r[1] = fma(-8.0f, d[1], d[2] + d[2]);
    r[2] = 3.0f * s;
    r[3] = -s;
    r[4] = fma(4.0f, d[1], fma(-5.0f, d[2], d[3]));
  }
};

struct Grads6In {  // A
  static constexpr int kIn = 4, kOut = 6, kShared = 0;
  PG_INLINE void apply(const Vec* d, Vec* r) {
    const Vec a = d[0] + d[2], b = d[1] + d[3];
    const Vec c = fma(4.0f, d[2], d[0]), e = fma(8.0f, d[3], 2.0f * d[1]);
    r[0] = d[0];
    r[1] = a + b;
    r[2] = a - b;
    r[3] = c + e;
    r[4] = c - e;
    r[5] = d[3];
  }
};

struct Grads5In {
  static constexpr int kIn = 4, kOut = 5, kShared = 0;
  PG_INLINE void apply(const Vec* d, Vec* r) {
    const Vec c = fma(4.0f, d[2], d[0]), e = fma(8.0f, d[3], 2.0f * d[1]);
    r[0] = d[0];
    r[1] = (d[0] + d[2]) + (d[1] + d[3]);
    r[2] = c + e;
    r[3] = c - e;
    r[4] = d[3];
  }
};

struct PooledIn {  // A of [a, a, b, b]
  static constexpr int kIn = 2, kOut = 5, kShared = 0;
  PG_INLINE void apply(const Vec* d, Vec* r) {
    r[0] = d[0];
    r[1] = 2.0f * (d[0] + d[1]);
    r[2] = fma(12.0f, d[1], 3.0f * d[0]);
    r[3] = -fma(4.0f, d[1], d[0]);
    r[4] = d[1];
  }
};

struct Pixels6Out {  // A^T
  static constexpr int kIn = 6, kOut = 4;
  PG_INLINE void apply(const Vec* m, Vec* r) {
    const Vec a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
    r[0] = m[0] + a + c;
    r[1] = fma(2.0f, e, b);
    r[2] = fma(4.0f, c, a);
    r[3] = fma(8.0f, e, b) + m[5];
  }
};

struct Pixels5Out {
  static constexpr int kIn = 5, kOut = 4;
  PG_INLINE void apply(const Vec* m, Vec* r) {
    const Vec c = m[2] + m[3], e = m[2] - m[3];
    r[0] = m[0] + m[1] + c;
    r[1] = fma(2.0f, e, m[1]);
    r[2] = fma(4.0f, c, m[1]);
    r[3] = fma(8.0f, e, m[1]) + m[4];
  }
};

struct PooledOut {  // sums of neighbours
  static constexpr int kIn = 5, kOut = 2;
  PG_INLINE void apply(const Vec* m, Vec* r) {
    const Vec t = m[1] + m[1];
    r[0] = (m[0] + t) + fma(3.0f, m[2], -m[3]);
    r[1] = fma(12.0f, m[2], t) + fma(-4.0f, m[3], m[4]);
  }
};

struct Weights6 {  // G
  static constexpr int kIn = 3, kOut = 6;
  PG_INLINE void apply(const Vec* g, Vec* r) {
    const Vec a = (-1.0f / 6.0f) * (g[0] + g[2]), b = (1.0f / 6.0f) * g[1];
    const Vec c = fma(1.0f / 6.0f, g[2], (1.0f / 24.0f) * g[0]), e = (1.0f / 12.0f) * g[1];
    r[0] = 0.25f * g[0];
    r[1] = a - b;
    r[2] = a + b;
    r[3] = c + e;
    r[4] = c - e;
    r[5] = g[2];
  }
};

struct Weights5 {
  static constexpr int kIn = 3, kOut = 5;
  PG_INLINE void apply(const Vec* g, Vec* r) {
    const Vec c = fma(1.0f / 6.0f, g[2], (1.0f / 24.0f) * g[0]), e = (1.0f / 12.0f) * g[1];
    r[0] = 0.25f * g[0];
    r[1] = (-1.0f / 6.0f) * (g[0] + g[1] + g[2]);
    r[2] = c + e;
    r[3] = c - e;
    r[4] = g[2];
  }
};

struct WeightGrads6 {  // G^T
  static constexpr int kIn = 6, kOut = 3;
  PG_INLINE void apply(const Vec* u, Vec* r) {
    const Vec a = u[1] + u[2], b = u[2] - u[1], c = u[3] + u[4], e = u[3] - u[4];
    r[0] = fma(0.25f, u[0], fma(1.0f / 24.0f, c, (-1.0f / 6.0f) * a));
    r[1] = fma(1.0f / 12.0f, e, (1.0f / 6.0f) * b);
    r[2] = fma(1.0f / 6.0f, c - a, u[5]);
  }
};

struct WeightGrads5 {
  static constexpr int kIn = 5, kOut = 3;
  PG_INLINE void apply(const Vec* u, Vec* r) {
    const Vec c = u[2] + u[3], e = u[2] - u[3];
    r[0] = fma(0.25f, u[0], fma(1.0f / 24.0f, c, (-1.0f / 6.0f) * u[1]));
    r[1] = fma(1.0f / 12.0f, e, (-1.0f / 6.0f) * u[1]);
    r[2] = fma(1.0f / 6.0f, c - u[1], u[4]);
  }
};

// Applies T along the first index, then along the second: out[i][j], kOut x kOut, row-major.
template <typename T>
PG_INLINE void transform_square(const Vec (&in)[T::kIn][T::kIn], Vec (&out)[T::kOut][T::kOut]) {
  Vec half[T::kOut][T::kIn];
#pragma GCC unroll 6
  for (int j = 0; j < T::kIn; ++j) {
    Vec column[T::kIn], result[T::kOut];
#pragma GCC unroll 6
    for (int i = 0; i < T::kIn; ++i) column[i] = in[i][j];
    T::apply(column, result);
#pragma GCC unroll 6
    for (int i = 0; i < T::kOut; ++i) half[i][j] = result[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < T::kOut; ++i) T::apply(half[i], out[i]);
}

}  // namespace pg::cpu::PG_SIMD
