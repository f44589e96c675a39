// winograd_weights.cpp: filters to frequencies, and weight gradients back.
//
// A panel of weights is transformed where it is used and stays in a cache: reading 9 taps and
// computing 36 frequencies is cheaper than reading 36 from memory.
#include "kernels/cpu/fast/simd/loops.h"
#include "kernels/cpu/fast/simd/winograd_math.h"

namespace pg::cpu::PG_SIMD {
namespace {

constexpr int64_t kTaps = 9;

template <typename T>
PG_INLINE void weight_tile(const Vec (&in)[3][3], float* u, int64_t u_freq) {
  Vec out[T::kOut][T::kOut];
  transform_square<T>(in, out);
#pragma GCC unroll 6
  for (int i = 0; i < T::kOut; ++i)
#pragma GCC unroll 6
    for (int j = 0; j < T::kOut; ++j) store(u + (i * T::kOut + j) * u_freq, out[i][j]);
}

// The filters are far apart, too many streams for the hardware prefetcher. Prefetches the next 64
// channels of the rows at w (channel c0), a part of the rows in each call.
PG_INLINE void prefetch_rows(const float* w, int64_t stride, int64_t c0) {
  constexpr int64_t kSpan = 64, kVisits = kSpan / kLanes;
  constexpr int64_t kRows = kLanes < kVisits ? 1 : kLanes / kVisits;
  const int64_t visit = c0 % kSpan / kLanes;
  const float* next = w - c0 % kSpan + kSpan;
  for (int64_t i = visit * kRows; i < (visit + 1) * kRows && i < kLanes; ++i)
    for (int64_t line = 0; line < kSpan; line += 16)
      __builtin_prefetch(next + i * stride + line, 0, 2);
}

// taps[tap][c] = w[k .. k + lanes, tap, c0 + c], a vector over k, of a square of k and c.
void gather_taps(const TransformWeightArgs& g, int64_t k, int64_t c0, Vec (&taps)[kTaps][kLanes]) {
  const int64_t lanes = g.c - c0;
  for (int64_t tap = 0; tap < kTaps; ++tap) {
    const float* w = g.w + (k * kTaps + tap) * g.c + c0;
    Vec rows[kLanes];
    prefetch_rows(w, kTaps * g.c, c0);
#pragma GCC unroll 16
    for (int64_t i = 0; i < kLanes; ++i)
      rows[i] = k + i < g.k ? load_n(w + i * kTaps * g.c, lanes) : Vec{};
    transpose(rows);
#pragma GCC unroll 16
    for (int64_t i = 0; i < kLanes; ++i) taps[tap][i] = rows[i];
  }
}

template <typename T>
void forward(const TransformWeightArgs& g) {
  Vec taps[kTaps][kLanes];
  for (int64_t c0 = 0; c0 < g.c; c0 += kLanes) {
    const int64_t channels = g.c - c0 < kLanes ? g.c - c0 : kLanes;
    for (int64_t v = 0; v < 2; ++v) {
      gather_taps(g, g.first + v * kLanes, c0, taps);
      for (int64_t c = 0; c < channels; ++c) {
        Vec in[3][3];
#pragma GCC unroll 9
        for (int tap = 0; tap < kTaps; ++tap) in[tap / 3][tap % 3] = taps[tap][c];
        weight_tile<T>(in, g.u + (c0 + c) * kPanel + v * kLanes, g.u_freq);
      }
    }
  }
}

constexpr int64_t kAhead = 16;  // filters to prefetch

template <typename T>
void backward(const TransformWeightArgs& g) {
  for (int64_t k = 0; k < g.k; ++k)
    for (int64_t v = 0; v < 2; ++v) {
      const int64_t c = g.first + v * kLanes;
      Vec in[3][3] = {};
      if (c < g.c) {
#pragma GCC unroll 9
        for (int tap = 0; tap < kTaps; ++tap)
          __builtin_prefetch(g.w + ((k + kAhead) * kTaps + tap) * g.c + c);
#pragma GCC unroll 9
        for (int tap = 0; tap < kTaps; ++tap)
          in[2 - tap / 3][2 - tap % 3] = load_n(g.w + (k * kTaps + tap) * g.c + c, g.c - c);
      }
      weight_tile<T>(in, g.u + k * kPanel + v * kLanes, g.u_freq);
    }
}

template <typename T>
void weight_grad(const TransformWeightGradArgs& g) {
  const Vec scale = broadcast(g.scale);
  for (int64_t row = 0; row < g.rows; ++row)
    for (int64_t v = 0; v < g.vectors; ++v) {
      Vec in[T::kIn][T::kIn], out[T::kOut][T::kOut];
      const float* du = g.du + row * g.du_row + v * kLanes;
#pragma GCC unroll 6
      for (int i = 0; i < T::kIn; ++i)
#pragma GCC unroll 6
        for (int j = 0; j < T::kIn; ++j) in[i][j] = load(du + (i * T::kIn + j) * g.du_freq);
      transform_square<T>(in, out);
      const int64_t c = g.c0 + v * kLanes, lanes = g.c - c;
      for (int64_t tap = 0; tap < kTaps; ++tap) {
        float* dw = g.dw + ((g.k0 + row) * kTaps + tap) * g.c + c;
        const Vec old = g.add ? load_n(dw, lanes) : Vec{};
        store_n(dw, fma(scale, out[tap / 3][tap % 3], old), lanes);
      }
    }
}

}  // namespace

void weight_forward6(const TransformWeightArgs& args) { forward<Weights6>(args); }
void weight_forward5(const TransformWeightArgs& args) { forward<Weights5>(args); }
void weight_backward6(const TransformWeightArgs& args) { backward<Weights6>(args); }
void weight_backward5(const TransformWeightArgs& args) { backward<Weights5>(args); }
void weight_grad6(const TransformWeightGradArgs& args) { weight_grad<WeightGrads6>(args); }
void weight_grad5(const TransformWeightGradArgs& args) { weight_grad<WeightGrads5>(args); }

}  // namespace pg::cpu::PG_SIMD
