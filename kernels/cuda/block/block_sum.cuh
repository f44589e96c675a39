// block_sum.cuh: the sum over a block by CUB. Apart from sums.cuh because CUB's headers take nvcc
// some seconds; only kernels that sum over blocks include it.
#pragma once

#include <cub/block/block_reduce.cuh>

namespace pg::cuda {
namespace {

// Sum over a block of kThreads threads, valid in thread 0 only. kThreads fixes the order: pairs of
// neighbouring lanes, pairs of these pairs and so on, then warp after warp. Two calls need a
// barrier between them.
template <int kThreads>
__device__ double block_sum(double v) {
  using Reduce = cub::BlockReduce<double, kThreads, cub::BLOCK_REDUCE_WARP_REDUCTIONS>;
  __shared__ typename Reduce::TempStorage storage;
  return Reduce(storage).Sum(v);
}

}  // namespace
}  // namespace pg::cuda
