// pixel_norm.cpp: pixelwise feature vector normalisation.
//
// The sum over channels runs in the order of lane_sum (kernels/cpu/parallel.h), and no product is
// fused with a sum, so every instruction set gives the bits of the direct loop.
#include "kernels/cpu/fast/simd/loops.h"
#include "kernels/cpu/fast/simd/vec.h"

namespace pg::cpu::PG_SIMD {
namespace {

constexpr int64_t kSumLanes = 16;  // those of lane_sum
constexpr int64_t kSums = kSumLanes / kLanes;
constexpr int64_t kGroup = 16;  // pixels whose roots and quotients are taken together

// Adds the lanes at distances 4, 2, 1.
PG_INLINE float sum_of_8(__m128 low, __m128 high) {
  const __m128 four = _mm_add_ps(low, high);
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// Adds the lanes at distances 8, 4, 2, 1.
PG_INLINE float sum_of_lanes(const Vec* sums) {
#if defined(__AVX512F__)
  const __mmask8 all = 0xff;  // without masks GCC 12 warns of its own header
  const __m256 eight = _mm256_add_ps(_mm512_maskz_extractf32x8_ps(all, sums[0], 0),
                                     _mm512_maskz_extractf32x8_ps(all, sums[0], 1));
  return sum_of_8(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#elif defined(__AVX2__)
  const __m256 eight = _mm256_add_ps(sums[0], sums[1]);
  return sum_of_8(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#else
  return sum_of_8(_mm_add_ps(sums[0], sums[2]), _mm_add_ps(sums[1], sums[3]));
#endif
}

PG_INLINE float sum_of_squares(const float* row, int64_t channels) {
  Vec sums[kSums] = {};
  const int64_t whole = channels / kSumLanes * kSumLanes;
  for (int64_t c = 0; c < whole; c += kSumLanes)
#pragma GCC unroll 4
    for (int64_t s = 0; s < kSums; ++s) {
      const Vec v = load(row + c + s * kLanes);
      sums[s] += v * v;
    }
#pragma GCC unroll 4
  for (int64_t s = 0; s < kSums; ++s) {
    const int64_t c = whole + s * kLanes;
    if (c >= channels) break;
    const Vec v = load_n(row + c, channels - c);
    sums[s] += v * v;
  }
  return sum_of_lanes(sums);
}

PG_INLINE Vec root(Vec v) {
#if defined(__AVX512F__)
  return _mm512_maskz_sqrt_ps(0xffff, v);
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(v);
#else
  return _mm_sqrt_ps(v);
#endif
}

}  // namespace

void pixel_norm(const PixelNormRowsArgs& args) {
  const int64_t channels = args.channels;
  const Vec count = broadcast(static_cast<float>(channels)), eps = broadcast(args.eps);
  for (int64_t first = 0; first < args.pixels; first += kGroup) {
    const int64_t group = args.pixels - first < kGroup ? args.pixels - first : kGroup;
    const float* const x = args.x + first * channels;
    float* const y = args.y + first * channels;
    alignas(64) float inverse[kGroup] = {};
    for (int64_t i = 0; i < group; ++i) inverse[i] = sum_of_squares(x + i * channels, channels);
    for (int64_t i = 0; i < kGroup; i += kLanes) {
      store(inverse + i, broadcast(1.0f) / root(load(inverse + i) / count + eps));
    }
    for (int64_t i = 0; i < group; ++i) {
      const Vec factor = broadcast(inverse[i]);
      int64_t c = 0;
      for (; c + kLanes <= channels; c += kLanes) {
        store(y + i * channels + c, load(x + i * channels + c) * factor);
      }
      if (c < channels) {
        const int64_t rest = channels - c;
        store_n(y + i * channels + c, load_n(x + i * channels + c, rest) * factor, rest);
      }
      if (args.r != nullptr) args.r[first + i] = inverse[i];
    }
  }
}

}  // namespace pg::cpu::PG_SIMD
