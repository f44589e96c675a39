// cub.cuh: replaces the part of CUB that kernels use, with the same contract and the same order of
// operations: neighbours, pairs of neighbours and so on within a warp, then warp after warp. The
// result is valid only in thread 0 (lane 0), poison elsewhere, and reusing the temporary storage
// requires a barrier before.
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
    const int lane = pg::simt::lane(), last = lane | (kWidth - 1);
    const unsigned part = pg::simt::kWholeWarp >> (32 - kWidth) << (lane / kWidth * kWidth);
    for (int step = 1; step < kWidth; step *= 2) {
      const bool inside = lane + step <= last;
      const T other =
          pg::simt::shuffle("cub::WarpReduce", part, value, inside ? lane + step : lane, loc);
      if (inside) value = combine(value, other);
    }
    if (lane % kWidth != 0) pg::simt::poison(value);
    return value;
  }
  T Sum(T value, PG_SIMT_LOC) { return Reduce(value, pg::simt::Add{}, loc); }
};

enum BlockReduceAlgorithm { BLOCK_REDUCE_RAKING, BLOCK_REDUCE_WARP_REDUCTIONS };

template <typename T, int kX, BlockReduceAlgorithm = BLOCK_REDUCE_WARP_REDUCTIONS, int kY = 1,
          int kZ = 1>
class BlockReduce {
  static constexpr int kThreads = kX * kY * kZ, kWarps = (kThreads + 31) / 32;
  static_assert(kThreads % 32 == 0);
  using Warp = WarpReduce<T>;

 public:
  struct TempStorage {
    typename Warp::TempStorage warp;
    T of_warp[kWarps];
  };
  explicit BlockReduce(TempStorage& storage) : storage_(storage) {}

  template <typename Combine>
  T Reduce(T value, Combine combine, PG_SIMT_LOC) {
    const unsigned rank = threadIdx.x + kX * (threadIdx.y + kY * threadIdx.z);
    T result = Warp(storage_.warp).Reduce(value, combine, loc);
    if (rank % 32 == 0) storage_.of_warp[rank / 32] = result;
    pg::simt::barrier(0, loc);
    if (rank > 0) {
      pg::simt::poison(result);
      return result;
    }
    for (int i = 1; i < kWarps; ++i) result = combine(result, storage_.of_warp[i]);
    return result;
  }
  T Sum(T value, PG_SIMT_LOC) { return Reduce(value, pg::simt::Add{}, loc); }

 private:
  TempStorage& storage_;
};

}  // namespace cub
