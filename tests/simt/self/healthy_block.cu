// healthy_block.cu: collective operations of threads, warps and blocks.
#include <cub/cub.cuh>

#include "kernels/cuda/block/ptx.cuh"
#include "tests/simt/self/healthy.h"

namespace pg::simt {
namespace {

constexpr int kThreads = 256;

__global__ void sum_in_last_block_kernel(float* y, float* partial, unsigned* done, const float* x) {
  using Reduce = cub::BlockReduce<float, kThreads>;
  __shared__ typename Reduce::TempStorage storage;
  __shared__ bool last;
  const float sum = Reduce(storage).Sum(x[blockIdx.x * kThreads + threadIdx.x]);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    __threadfence();
    last = atomicInc(done, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last || threadIdx.x != 0) return;
  float total = 0.0f;
  for (unsigned i = 0; i < gridDim.x; ++i) total += partial[i];
  *y = total;
}

__global__ void look_around_kernel(Seen* seen) {
  using BlockSum = cub::BlockReduce<float, 96>;
  using WarpSum = cub::WarpReduce<float>;
  __shared__ typename BlockSum::TempStorage block_storage;
  __shared__ typename WarpSum::TempStorage warp_storage;
  __shared__ float sums[4];
  constexpr unsigned kAll = 0xFFFFFFFFu;
  const int t = threadIdx.x, lane = t % 32;
  const float v = static_cast<float>(t % 17);
  const float block_sum = BlockSum(block_storage).Sum(v);
  const float warp_sum = WarpSum(warp_storage).Sum(v);
  if (t == 0) sums[3] = block_sum;
  if (lane == 0) sums[t / 32] = warp_sum;
  __syncthreads();
  Seen mine;
  mine.block_sum = sums[3];
  mine.warp_sum = sums[t / 32];
  mine.warp_max = mine.quad_sum = v;
  for (int d = 16; d > 0; d /= 2) {
    mine.warp_max = fmaxf(mine.warp_max, __shfl_down_sync(kAll, mine.warp_max, d));
  }
  mine.warp_max = __shfl_sync(kAll, mine.warp_max, 0);
  for (int d = 2; d > 0; d /= 2) mine.quad_sum += __shfl_xor_sync(kAll, mine.quad_sum, d);
  mine.above = __shfl_up_sync(kAll, v, 1, 8);
  mine.at = __shfl_sync(kAll, v, 5);
  mine.odd = __ballot_sync(kAll, t & 1);
  mine.sum = __reduce_add_sync(kAll, static_cast<unsigned>(t));
  mine.low_count = static_cast<unsigned>(__syncthreads_count(t < 10));
  seen[t] = mine;
}

__global__ void axpy_kernel(float* y, const float* x, float a, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = fmaf(a, x[i], y[i]);
}

__global__ void fill_shared_kernel(float* y, int count) {
  auto* const s = cuda::dynamic_smem<float>();
  for (int i = threadIdx.x; i < count; i += blockDim.x) s[i] = static_cast<float>(i);
  __syncthreads();
  if (threadIdx.x == 0) y[0] = s[count - 1];
}

__global__ void trap_kernel() { __trap(); }

}  // namespace

cudaError_t sum_in_last_block(float* y, float* partial, unsigned* done, const float* x,
                              int blocks) {
  return start({.grid = dim3(blocks), .block = dim3(kThreads)}, sum_in_last_block_kernel, y,
               partial, done, x);
}

cudaError_t look_around(Seen* seen) {
  return start({.grid = dim3(1), .block = dim3(96)}, look_around_kernel, seen);
}

cudaError_t axpy(float* y, const float* x, float a, int n, cudaStream_t stream) {
  return start({.grid = dim3((n + 31) / 32), .block = dim3(32), .stream = stream}, axpy_kernel, y,
               x, a, n);
}

cudaError_t fill_shared(float* y, size_t bytes) {
  const cudaError_t error = cudaFuncSetAttribute(
      fill_shared_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
  if (error != cudaSuccess) return error;
  return start({.grid = dim3(1), .block = dim3(128), .smem = bytes}, fill_shared_kernel, y,
               bytes / sizeof(float));
}

cudaError_t trap() { return start({.grid = dim3(2), .block = dim3(32)}, trap_kernel); }

}  // namespace pg::simt
