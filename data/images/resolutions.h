// resolutions.h: the side lengths that images and networks have.
#pragma once

#include <bit>
#include <cstdint>

#include "kernels/math.h"

namespace pg {

inline constexpr int64_t kMinResolution = 4;
inline constexpr int64_t kMaxResolution = 1024;

// A power of two from kMinResolution to kMaxResolution.
constexpr bool is_resolution(int64_t n) {
  return is_power_of_two(n) && n >= kMinResolution && n <= kMaxResolution;
}

// Doublings from the smallest resolution: 4 -> 0, 8 -> 1, ...
constexpr int64_t level_of(int64_t resolution) {
  return std::bit_width(static_cast<uint64_t>(resolution / kMinResolution)) - 1;
}

}  // namespace pg
