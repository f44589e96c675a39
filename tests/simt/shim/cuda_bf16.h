#pragma once
#include "cuda_runtime.h"
// Storage types with round-to-nearest-even conversion; arithmetic is done in float and rounded
// once.
namespace simt {
inline uint16_t f2bf(float f) {
  uint32_t u = std::bit_cast<uint32_t>(f);
  if (f != f) return 0x7FFF;
  return uint16_t((u + 0x7FFF + (u >> 16 & 1)) >> 16);
}
inline float bf2f(uint16_t b) { return std::bit_cast<float>(uint32_t(b) << 16); }
inline uint16_t f2h(float f) { return std::bit_cast<uint16_t>(static_cast<_Float16>(f)); }
inline float h2f(uint16_t b) { return static_cast<float>(std::bit_cast<_Float16>(b)); }
template <uint16_t (*To)(float), float (*From)(uint16_t)>
struct Small {
  uint16_t bits;
  Small() = default;
  Small(float f) : bits(To(f)) {}
  Small(double d) : bits(To(float(d))) {}
  Small(int i) : bits(To(float(i))) {}
  operator float() const { return From(bits); }
  Small& operator+=(Small o) { return *this = Small(From(bits) + From(o.bits)); }
  Small& operator*=(Small o) { return *this = Small(From(bits) * From(o.bits)); }
  friend Small operator+(Small a, Small b) { return Small(From(a.bits) + From(b.bits)); }
  friend Small operator-(Small a, Small b) { return Small(From(a.bits) - From(b.bits)); }
  friend Small operator*(Small a, Small b) { return Small(From(a.bits) * From(b.bits)); }
  friend Small operator/(Small a, Small b) { return Small(From(a.bits) / From(b.bits)); }
  friend Small operator-(Small a) { return Small(-From(a.bits)); }
  friend bool operator<(Small a, Small b) { return From(a.bits) < From(b.bits); }
  friend bool operator==(Small a, Small b) { return From(a.bits) == From(b.bits); }
};
template <class T>
struct alignas(4) Pair {
  T x, y;
  Pair() = default;
  Pair(T a, T b) : x(a), y(b) {}
};
}  // namespace simt
using __nv_bfloat16 = simt::Small<simt::f2bf, simt::bf2f>;
using __nv_bfloat162 = simt::Pair<__nv_bfloat16>;
using nv_bfloat16 = __nv_bfloat16;
using nv_bfloat162 = __nv_bfloat162;
inline __nv_bfloat16 __float2bfloat16(float f) { return f; }
inline __nv_bfloat16 __float2bfloat16_rn(float f) { return f; }
inline float __bfloat162float(__nv_bfloat16 b) { return b; }
inline __nv_bfloat162 __floats2bfloat162_rn(float a, float b) { return {a, b}; }
inline __nv_bfloat162 __float22bfloat162_rn(float2 v) { return {v.x, v.y}; }
inline float2 __bfloat1622float2(__nv_bfloat162 v) { return {v.x, v.y}; }
inline float __low2float(__nv_bfloat162 v) { return v.x; }
inline float __high2float(__nv_bfloat162 v) { return v.y; }
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 b) { return b.bits; }
