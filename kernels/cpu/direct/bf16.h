// bf16.h: bf16 in software, for conversions; the CPU computes in f32.
#pragma once

#include <bit>
#include <cmath>

#include "kernels/dtype.h"

namespace pg {
namespace cpu {

// The upper half of an f32.
struct Bf16 {
  uint16_t bits;

  Bf16() = default;
  // Rounds to nearest even; every NaN becomes the quiet one.
  explicit Bf16(float x) : bits(rounded(x)) {}
  // Rounds once: the f32 in between is truncated, with its last bit set if bits were lost.
  explicit Bf16(double x) : bits(rounded(round_to_odd(x))) {}
  explicit operator float() const {
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }
  explicit operator double() const { return static_cast<double>(static_cast<float>(*this)); }

 private:
  static uint16_t rounded(float x) {
    if (std::isnan(x)) return 0x7FFF;
    const uint32_t u = std::bit_cast<uint32_t>(x);
    return static_cast<uint16_t>((u + 0x7FFF + (u >> 16 & 1)) >> 16);
  }
  static float round_to_odd(double x) {
    const float f = static_cast<float>(x);
    const double back = static_cast<double>(f);
    if (!(back < x || back > x)) return f;
    uint32_t u = std::bit_cast<uint32_t>(f);
    if (std::abs(back) > std::abs(x)) u -= 1;
    return std::bit_cast<float>(u | 1);
  }
};

}  // namespace cpu

template <>
struct DTypeOf<cpu::Bf16> {
  static constexpr DType value = DType::bf16;
};

}  // namespace pg
