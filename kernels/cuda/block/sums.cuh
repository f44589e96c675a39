// sums.cuh: sums over lanes, in an order that does not depend on timing.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/math.h"

namespace pg::cuda {

inline constexpr int kWarp = 32;  // lanes

// Sum over aligned groups of `lanes` (a power of two up to 32) lanes, with the same bits in each
// lane. All lanes of the warp must call it.
template <typename A>
__device__ __forceinline__ A group_sum(A v, int lanes) {
  for (int step = lanes / 2; step > 0; step /= 2) v += __shfl_xor_sync(~0u, v, step);
  return v;
}

}  // namespace pg::cuda
