// cuda_bf16.h: replaces CUDA's header: storage in 16 bits, arithmetic in float, rounded to nearest
// even after each operation.
#pragma once

#include <cuda_runtime.h>

struct __nv_bfloat16 {
  uint16_t bits;

  __nv_bfloat16() = default;
  __nv_bfloat16(float x) {
    const uint32_t u = std::bit_cast<uint32_t>(x);
    constexpr uint16_t kNan = 0x7FFF;
    bits = std::isnan(x) ? kNan : static_cast<uint16_t>((u + 0x7FFF + (u >> 16 & 1)) >> 16);
  }
  __nv_bfloat16(double x) : __nv_bfloat16(static_cast<float>(x)) {}
  __nv_bfloat16(int x) : __nv_bfloat16(static_cast<float>(x)) {}
  operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

  friend __nv_bfloat16 operator+(__nv_bfloat16 a, __nv_bfloat16 b) { return float{a} + float{b}; }
  friend __nv_bfloat16 operator-(__nv_bfloat16 a, __nv_bfloat16 b) { return float{a} - float{b}; }
  friend __nv_bfloat16 operator*(__nv_bfloat16 a, __nv_bfloat16 b) { return float{a} * float{b}; }
  friend __nv_bfloat16 operator/(__nv_bfloat16 a, __nv_bfloat16 b) { return float{a} / float{b}; }
  friend __nv_bfloat16 operator-(__nv_bfloat16 a) { return -float{a}; }
  friend bool operator<(__nv_bfloat16 a, __nv_bfloat16 b) { return float{a} < float{b}; }
  friend bool operator==(__nv_bfloat16 a, __nv_bfloat16 b) { return float{a} == float{b}; }
};

struct alignas(4) __nv_bfloat162 {
  __nv_bfloat16 x, y;
};

inline __nv_bfloat16 __float2bfloat16(float x) { return x; }
inline __nv_bfloat16 __float2bfloat16_rn(float x) { return x; }
inline float __bfloat162float(__nv_bfloat16 x) { return x; }
inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) { return {x, y}; }
inline __nv_bfloat162 __float22bfloat162_rn(float2 v) { return {v.x, v.y}; }
inline float2 __bfloat1622float2(__nv_bfloat162 v) { return {v.x, v.y}; }
inline float __low2float(__nv_bfloat162 v) { return v.x; }
inline float __high2float(__nv_bfloat162 v) { return v.y; }
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 x) { return x.bits; }
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) {
  __nv_bfloat16 x;
  x.bits = bits;
  return x;
}
