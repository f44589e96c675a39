// math.h: integer arithmetic for extents, grids and addresses, on host and device.
#pragma once

#include <cstdint>

// Marks functions that a CUDA kernel calls as well.
#if defined(__CUDACC__)
#define PG_HOST_DEVICE __host__ __device__
#else
#define PG_HOST_DEVICE
#endif

namespace pg {

// a / b rounded up; a >= 0, b > 0.
PG_HOST_DEVICE constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// The smallest multiple of `unit` that is at least n >= 0.
PG_HOST_DEVICE constexpr int64_t round_up(int64_t n, int64_t unit) {
  return ceil_div(n, unit) * unit;
}

PG_HOST_DEVICE constexpr bool is_power_of_two(int64_t n) { return n > 0 && (n & (n - 1)) == 0; }

// The smallest power of two that is at least n, but at most `most`, itself a power of two.
PG_HOST_DEVICE constexpr int power_of_two(int64_t n, int most) {
  int p = 1;
  while (p < n && p < most) p *= 2;
  return p;
}

// Whether every address is a multiple of 16, the bytes that a GPU thread moves at once.
template <typename... P>
PG_HOST_DEVICE bool is_aligned(const P*... p) {
  return ((reinterpret_cast<uintptr_t>(p) % 16 == 0) && ...);
}

}  // namespace pg
