// sums.cuh: sums over threads, in an order that does not depend on timing.
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

namespace {

// Sum over a block of kThreads threads, returned to each of them. Two calls need a barrier between
// them.
template <int kThreads>
__device__ double block_sum(double v) {
  constexpr int kWarps = kThreads / kWarp;
  alignas(16) __shared__ double of_warp[kWarps];
  v = group_sum(v, kWarp);
  if (threadIdx.x % kWarp == 0) of_warp[threadIdx.x / kWarp] = v;
  __syncthreads();
  v = 0.0;
#pragma unroll
  for (int i = 0; i < kWarps; ++i) v += of_warp[i];
  return v;
}

}  // namespace
}  // namespace pg::cuda
