// round_pack.cuh: rounds operands of tensor cores to tf32 in shared memory.
#pragma once

#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"

namespace pg::cuda {

// Rounds a pack of f32 values to tf32 where it lies; does nothing for bf16. mma.sync would truncate
// them. The thread that copied a pack does it before others read it, once for all fragments.
template <typename T>
__device__ __forceinline__ void round_pack(T* at) {
  if constexpr (sizeof(T) == 4) {
    Pack<T, kPack<T>> v = load<kPack<T>>(at);
#pragma unroll
    for (T& value : v.value) value = ptx::round_to_tf32(value);
    store(at, v);
  }
}

}  // namespace pg::cuda
