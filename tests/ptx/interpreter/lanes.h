// lanes.h: access to the lanes of registers, and loops over them.
#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "tests/ptx/interpreter/ir.h"
#include "tests/ptx/interpreter/warp.h"

namespace pg::ptx {

template <typename T>
inline T* lanes_of(Warp& w, uint32_t operand) {
  return reinterpret_cast<T*>(w.base[operand >> 31] + (operand & 0x7FFFFFFF));
}
inline uint32_t& predicate(Warp& w, uint32_t operand) { return *lanes_of<uint32_t>(w, operand); }

// d[i] = f(a[i]...) for the lanes of the mask; d may be one of the sources.
template <typename D, typename F, typename... S>
inline void each(uint32_t mask, D* d, F f, const S*... a) {
  if (mask == ~0u) {
#pragma GCC ivdep
    for (int i = 0; i < 32; ++i) d[i] = f(a[i]...);
  } else {
    for (uint32_t left = mask; left != 0; left &= left - 1) {
      const int i = std::countr_zero(left);
      d[i] = f(a[i]...);
    }
  }
}

// The lanes for which f(i) holds.
template <typename F>
inline uint32_t which(F f) {
  uint32_t bits = 0;
  for (int i = 0; i < 32; ++i) bits |= static_cast<uint32_t>(f(i)) << i;
  return bits;
}

inline void merge(uint32_t& d, uint32_t value, uint32_t mask) { d = (d & ~mask) | (value & mask); }

// Lane i of a register of the given width, its upper bits cut off or (integers) extended.
template <typename T>
inline T narrow(const void* lanes, uint8_t width, int i) {
  uint64_t bits = 0;
  switch (width) {
    case 2:
      bits = static_cast<const uint16_t*>(lanes)[i];
      break;
    case 4:
      bits = static_cast<const uint32_t*>(lanes)[i];
      break;
    default:
      bits = static_cast<const uint64_t*>(lanes)[i];
  }
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

// Writes a value into a register that may be wider: signed ones are sign-extended.
template <typename T>
inline void widen(void* lanes, uint8_t width, int i, T value) {
  uint64_t bits = 0;
  if constexpr (std::is_integral_v<T>) {
    bits = std::is_signed_v<T> ? static_cast<uint64_t>(static_cast<int64_t>(value))
                               : static_cast<uint64_t>(value);
  } else {
    std::memcpy(&bits, &value, sizeof(T));
  }
  switch (width) {
    case 2:
      static_cast<uint16_t*>(lanes)[i] = static_cast<uint16_t>(bits);
      break;
    case 4:
      static_cast<uint32_t*>(lanes)[i] = static_cast<uint32_t>(bits);
      break;
    default:
      static_cast<uint64_t*>(lanes)[i] = bits;
  }
}

inline float bf16_to_float(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

inline float half_value(uint16_t bits) { return static_cast<float>(std::bit_cast<_Float16>(bits)); }

}  // namespace pg::ptx
