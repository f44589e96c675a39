// philox.h: counter-based random numbers (Philox4x32-10), the same bits on every device.
//
// A stream is identified by (seed, stream); its number i is word i % 4 of block i / 4. The position
// is the only state, so a resumed run needs only counters. Source: Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3" (SC 2011).
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/math.h"

namespace pg {

struct PhiloxBlock {
  uint32_t word[4];
};

// Ten rounds of Philox4x32 over (counter, stream) with the key `seed`.
PG_HOST_DEVICE inline PhiloxBlock philox(uint64_t seed, uint64_t stream, uint64_t counter) {
  uint32_t c0 = static_cast<uint32_t>(counter), c1 = static_cast<uint32_t>(counter >> 32);
  uint32_t c2 = static_cast<uint32_t>(stream), c3 = static_cast<uint32_t>(stream >> 32);
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
    const uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    const uint32_t n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// The counter values that `count` numbers consume.
PG_HOST_DEVICE constexpr uint64_t philox_blocks(int64_t count) {
  return (static_cast<uint64_t>(count) + 3) / 4;
}

// Uniform in [0, 1): the upper 24 bits, exact in f32.
PG_HOST_DEVICE inline float philox_unit(uint32_t word) {
  return static_cast<float>(word >> 8) * 0x1.0p-24f;
}

// The functions below give normal numbers the same bits on every device. Libraries differ in the
// last bits of log, sin and cos, so these are f64 polynomials. Every product that is added is an
// explicit fma, which leaves the compiler nothing to contract; +, -, *, / and sqrt are correctly
// rounded everywhere. The relative error is below 1e-12 before the single rounding to f32.

// Natural logarithm of (word + 1/2) / 2^32, which lies in (0, 1).
PG_HOST_DEVICE inline double philox_log_unit(uint32_t word) {
  // (2 word + 1) / 2^33 = f * 2^e with f in [1, 2), then in [1/sqrt 2, sqrt 2).
  uint64_t bits = 2 * static_cast<uint64_t>(word) + 1;
  int e = -1;
  for (int step = 16; step > 0; step /= 2) {
    if (bits >> (33 - step) == 0) {
      bits <<= step;
      e -= step;
    }
  }
  if (bits >> 32 == 0) {
    bits <<= 1;
    e -= 1;
  }
  double f = static_cast<double>(bits) * 0x1.0p-32;
  if (f > 1.4142135623730951) {
    f *= 0.5;
    e += 1;
  }
  // ln f = 2 s (1 + s^2 / 3 + s^4 / 5 + ...), |s| < 0.172.
  const double s = (f - 1.0) / (f + 1.0), s2 = s * s;
  double p = 1.0 / 17;
  p = std::fma(p, s2, 1.0 / 15);
  p = std::fma(p, s2, 1.0 / 13);
  p = std::fma(p, s2, 1.0 / 11);
  p = std::fma(p, s2, 1.0 / 9);
  p = std::fma(p, s2, 1.0 / 7);
  p = std::fma(p, s2, 1.0 / 5);
  p = std::fma(p, s2, 1.0 / 3);
  p = std::fma(p, s2, 1.0);
  return std::fma(static_cast<double>(e), 0.69314718055994531, 2.0 * s * p);
}

struct PhiloxSinCos {
  double sin, cos;
};

// Sine and cosine of the angle word / 2^32 of a full turn.
PG_HOST_DEVICE inline PhiloxSinCos philox_sin_cos(uint32_t word) {
  // The nearest quarter turn, and the rest in [-1/8, 1/8] of a turn: exact.
  const uint32_t quarter = (word + 0x20000000u) >> 30;
  const int32_t rest = static_cast<int32_t>(word - (quarter << 30));
  const double x = static_cast<double>(rest) * (6.2831853071795865 * 0x1.0p-32), x2 = x * x;
  double s = 1.0 / 6227020800;
  s = std::fma(s, x2, -1.0 / 39916800);
  s = std::fma(s, x2, 1.0 / 362880);
  s = std::fma(s, x2, -1.0 / 5040);
  s = std::fma(s, x2, 1.0 / 120);
  s = std::fma(s, x2, -1.0 / 6);
  s = std::fma(s, x2, 1.0) * x;
  double c = 1.0 / 479001600;
  c = std::fma(c, x2, -1.0 / 3628800);
  c = std::fma(c, x2, 1.0 / 40320);
  c = std::fma(c, x2, -1.0 / 720);
  c = std::fma(c, x2, 1.0 / 24);
  c = std::fma(c, x2, -0.5);
  c = std::fma(c, x2, 1.0);
  switch (quarter & 3u) {
    case 0:
      return {s, c};
    case 1:
      return {c, -s};
    case 2:
      return {-s, -c};
    default:
      return {-c, s};
  }
}

struct PhiloxNormals {
  float value[4];
};

// Four independent N(0, 1) numbers by Box and Muller: words 0 and 2 give the radii of two pairs,
// words 1 and 3 their angles. No absolute value exceeds 6.8.
PG_HOST_DEVICE inline PhiloxNormals philox_normals(const PhiloxBlock& block) {
  PhiloxNormals normals;
  for (int pair = 0; pair < 2; ++pair) {
    const double radius = std::sqrt(-2.0 * philox_log_unit(block.word[2 * pair]));
    const PhiloxSinCos angle = philox_sin_cos(block.word[2 * pair + 1]);
    normals.value[2 * pair] = static_cast<float>(radius * angle.cos);
    normals.value[2 * pair + 1] = static_cast<float>(radius * angle.sin);
  }
  return normals;
}

}  // namespace pg
