// tensor_core_sum.h: one element of an mma, c + sum of a[k] b[k], rounded once or summed as
// NVIDIA's tensor cores do.
//
// A tensor core adds a group of products and the accumulator at once. Products are exact. All
// addends are aligned to the largest exponent among them (a product has the sum of the exponents of
// its factors, its significand lies in [1, 4)); bits below a fixed position are cut off towards
// zero; the exact sum of the rest is cut off towards zero to f32. Hopper and Blackwell keep 25
// fraction bits and add all products of an mma.sync at once; Ampere and Ada keep 24 and add the two
// halves one after the other.
//
// Sources: P. Xie, Y. Wang, F. Yang, M. Yang, "MMA-Sim: Bit-Accurate Reference Model of Tensor
// Cores and Matrix Cores", arXiv:2511.10909 (2025); F. A. Khattak, M. Mikaitis, "Accurate Models of
// NVIDIA Tensor Cores", arXiv:2512.07004 (2025); and for Volta to Ampere M. Fasi, N. J. Higham, M.
// Mikaitis, S. Pranesh, "Numerical behavior of NVIDIA tensor cores", PeerJ Computer Science 7:e330
// (2021). Both models of 2025 were compared with the devices bit by bit by their authors.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace pg::hardware {

// rounded: exact until one rounding to the nearest f32, the simplest arithmetic that has no bias.
enum class TensorCore : uint8_t { rounded, ampere, hopper };

// value = significand * 2^(exponent - kFraction); subnormal numbers have the exponent -126.
struct Parts {
  static constexpr int kFraction = 23;
  int64_t significand;
  int exponent;

  explicit Parts(float x) {
    constexpr uint32_t kMantissa = (1u << kFraction) - 1;
    const uint32_t bits = std::bit_cast<uint32_t>(x);
    const auto biased = static_cast<int>(bits >> kFraction & 0xFF);
    const uint32_t magnitude = (bits & kMantissa) | (biased > 0 ? kMantissa + 1 : 0);
    significand = (bits >> 31) != 0 ? -int64_t{magnitude} : int64_t{magnitude};
    exponent = std::max(biased, 1) - 127;
  }
};

// f64 to f32, towards zero.
inline float cut_to_f32(double x) {
  const auto f = static_cast<float>(x);
  constexpr double kBeyond = 0x1p128;  // infinite in every rounding
  if (std::abs(static_cast<double>(f)) <= std::abs(x) || std::abs(x) >= kBeyond) return f;
  return std::nextafter(f, 0.0f);
}

// One group: c + sum of a[k] b[k] over `count` <= 16 products, all of them finite, with
// `fraction_bits` bits kept below the largest exponent.
inline float cut_sum(float c, const float* a, const float* b, int count, int fraction_bits) {
  constexpr int kMost = 16, kFraction = 2 * Parts::kFraction;  // of products
  int64_t addends[kMost + 1];
  int exponents[kMost + 1];
  const Parts start(c);
  addends[count] = start.significand * (int64_t{1} << Parts::kFraction);
  exponents[count] = start.exponent;
  int largest = start.exponent;
  for (int k = 0; k < count; ++k) {
    const Parts x(a[k]), y(b[k]);
    addends[k] = x.significand * y.significand;
    exponents[k] = x.exponent + y.exponent;
    largest = std::max(largest, exponents[k]);
  }
  int64_t sum = 0;
  for (int k = 0; k <= count; ++k) {
    const int cut = largest - exponents[k] + kFraction - fraction_bits;
    // Division cuts towards zero, unlike a shift.
    if (cut < 63) sum += addends[k] / (int64_t{1} << cut);
  }
  return cut_to_f32(std::ldexp(static_cast<double>(sum), largest - fraction_bits));
}

// c + sum of a[k] b[k], k < depth: one element of mma.m16n8k16 (bf16, depth 16) or m16n8k8 (tf32,
// depth 8).
inline float tensor_core_sum(TensorCore core, float c, const float* a, const float* b, int depth) {
  double exact = static_cast<double>(c);
  for (int k = 0; k < depth; ++k) exact += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  if (core == TensorCore::rounded || !std::isfinite(exact)) return static_cast<float>(exact);
  if (core == TensorCore::hopper) return cut_sum(c, a, b, depth, 25);
  const int half = depth / 2;
  return cut_sum(cut_sum(c, a, b, half, 24), a + half, b + half, half, 24);
}

}  // namespace pg::hardware
