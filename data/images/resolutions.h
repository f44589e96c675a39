// resolutions.h: the side lengths that images and networks have.
#pragma once

#include <cstdint>

#include "kernels/math.h"

namespace pg {

inline constexpr int64_t kMinResolution = 4;
inline constexpr int64_t kMaxResolution = 1024;

// A power of two from kMinResolution to kMaxResolution.
constexpr bool is_resolution(int64_t n) {
  return is_power_of_two(n) && n >= kMinResolution && n <= kMaxResolution;
}

}  // namespace pg
