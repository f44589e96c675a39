// cub.cuh: replaces the part of CUB that kernels use, with the same contract: the result is valid
// only in thread 0 (lane 0), poison elsewhere, and reusing the temporary storage requires a barrier
// before.
#pragma once

#include <cuda_runtime.h>

namespace cub {

template <typename T, int kWidth = 32>
class WarpReduce {
 public:
  struct TempStorage {};
  explicit WarpReduce(TempStorage&) {}

  template <typename Combine>
  T Reduce(T value, Combine combine, PG_SIMT_LOC) {
    const unsigned lane = pg::simt::lane_id();
    const unsigned part = pg::simt::kWholeWarp >> (32 - kWidth) << (lane / kWidth * kWidth);
    T result = pg::simt::fold("cub::WarpReduce", part, value, combine, loc);
    if (lane % kWidth != 0) pg::simt::poison(result);
    return result;
  }
  T Sum(T value, PG_SIMT_LOC) { return Reduce(value, pg::simt::Add{}, loc); }
};

enum BlockReduceAlgorithm { BLOCK_REDUCE_RAKING, BLOCK_REDUCE_WARP_REDUCTIONS };

template <typename T, int kX, BlockReduceAlgorithm = BLOCK_REDUCE_WARP_REDUCTIONS, int kY = 1,
          int kZ = 1>
class BlockReduce {
 public:
  struct TempStorage {
    T value[kX * kY * kZ];
  };
  explicit BlockReduce(TempStorage& storage) : storage_(storage) {}

  template <typename Combine>
  T Reduce(T value, Combine combine, PG_SIMT_LOC) {
    const unsigned rank = threadIdx.x + kX * (threadIdx.y + kY * threadIdx.z);
    storage_.value[rank] = value;
    pg::simt::barrier(0, loc);
    T result;
    pg::simt::poison(result);
    if (rank > 0) return result;
    result = storage_.value[0];
    for (int i = 1; i < kX * kY * kZ; ++i) result = combine(result, storage_.value[i]);
    return result;
  }
  T Sum(T value, PG_SIMT_LOC) { return Reduce(value, pg::simt::Add{}, loc); }

 private:
  TempStorage& storage_;
};

}  // namespace cub
