// thin.cpp: 1x1 convolutions between images of up to four channels and feature maps.
//
// Memory bandwidth limits these: the wide side is read or written once, in order.
#include "kernels/cpu/fast/simd/loops.h"
#include "kernels/cpu/fast/simd/vec.h"

namespace pg::cpu::PG_SIMD {
namespace {

template <int64_t kThin>
void widen_thin(const ThinArgs& g) {
  const int64_t padded = (g.wide_channels + kLanes - 1) / kLanes * kLanes;
  const Vec scale = broadcast(g.scale), slope = broadcast(g.slope);
  for (int64_t p = 0; p < g.pixels; ++p) {
    Vec x[kThin];
#pragma GCC unroll 4
    for (int64_t i = 0; i < kThin; ++i) x[i] = broadcast(g.in[p * kThin + i]);
    float* y = g.out + p * g.wide_channels;
    for (int64_t j = 0; j < g.wide_channels; j += kLanes) {
      Vec sum = {};
#pragma GCC unroll 4
      for (int64_t i = 0; i < kThin; ++i) sum = fma(x[i], load(g.w + i * padded + j), sum);
      const int64_t lanes = g.wide_channels - j;
      Vec v = sum * scale;
      if (g.bias != nullptr) v = leaky(v + load_n(g.bias + j, lanes), slope);
      store_n(y + j, v, lanes);
    }
  }
}

// kLanes pixels at a time: a square of pixels and channels is transposed, so each lane sums the
// channels of one pixel.
template <int64_t kThin>
void narrow_thin(const ThinArgs& g) {
  const int64_t padded = (g.wide_channels + kLanes - 1) / kLanes * kLanes;
  for (int64_t p = 0; p < g.pixels; p += kLanes) {
    const int64_t pixels = g.pixels - p < kLanes ? g.pixels - p : kLanes;
    Vec sum[kThin] = {};
    for (int64_t j = 0; j < g.wide_channels; j += kLanes) {
      const int64_t lanes = g.wide_channels - j;
      const float* in = g.in + p * g.wide_channels + j;
      Vec rows[kLanes];
#pragma GCC unroll 16
      for (int64_t i = 0; i < kLanes; ++i)
        rows[i] = i < pixels ? load_n(in + i * g.wide_channels, lanes) : Vec{};
      transpose(rows);
#pragma GCC unroll 16
      for (int64_t l = 0; l < kLanes; ++l)
#pragma GCC unroll 4
        for (int64_t i = 0; i < kThin; ++i) sum[i] = fma(g.w[i * padded + j + l], rows[l], sum[i]);
    }
    alignas(64) float result[kThin][kLanes];
#pragma GCC unroll 4
    for (int64_t i = 0; i < kThin; ++i) store(result[i], sum[i]);
    for (int64_t q = 0; q < pixels; ++q)
      for (int64_t i = 0; i < kThin; ++i) {
        float v = g.scale * result[i][q];
        if (g.bias != nullptr) {
          v += g.bias[i];
          v = v > 0.0f ? v : v * g.slope;
        }
        g.out[(p + q) * kThin + i] = v;
      }
  }
}

template <int64_t kThin>
void outer_thin(const ThinArgs& g) {
  const int64_t padded = (g.wide_channels + kLanes - 1) / kLanes * kLanes;
  for (int64_t i = 0; i < kThin * padded; i += kLanes) store(g.out + i, Vec{});
  // Short runs of pixels keep the chains of additions short and the wide rows in L1.
  constexpr int64_t kRun = 64;
  for (int64_t p0 = 0; p0 < g.pixels; p0 += kRun) {
    const int64_t p1 = p0 + kRun < g.pixels ? p0 + kRun : g.pixels;
    for (int64_t j = 0; j < g.wide_channels; j += kLanes) {
      const int64_t lanes = g.wide_channels - j;
      Vec even[kThin] = {}, odd[kThin] = {};
      for (int64_t p = p0; p < p1; p += 2) {
        const bool pair = p + 1 < p1;
        const Vec a = load_n(g.in + p * g.wide_channels + j, lanes);
        const Vec b = pair ? load_n(g.in + (p + 1) * g.wide_channels + j, lanes) : Vec{};
#pragma GCC unroll 4
        for (int64_t i = 0; i < kThin; ++i) {
          even[i] = fma(g.thin[p * kThin + i], a, even[i]);
          if (pair) odd[i] = fma(g.thin[(p + 1) * kThin + i], b, odd[i]);
        }
      }
#pragma GCC unroll 4
      for (int64_t i = 0; i < kThin; ++i) {
        float* out = g.out + i * padded + j;
        store(out, load(out) + (even[i] + odd[i]));
      }
    }
  }
}

}  // namespace

#define PG_THIN(name)                \
  void name(const ThinArgs& args) {  \
    switch (args.thin_channels) {    \
      case 1:                        \
        return name##_thin<1>(args); \
      case 2:                        \
        return name##_thin<2>(args); \
      case 3:                        \
        return name##_thin<3>(args); \
      default:                       \
        return name##_thin<4>(args); \
    }                                \
  }
PG_THIN(widen)
PG_THIN(narrow)
PG_THIN(outer)
#undef PG_THIN

}  // namespace pg::cpu::PG_SIMD
