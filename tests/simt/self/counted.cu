// counted.cu: one warp each, with accesses in the patterns that coalescing and banks depend on.
#include "tests/simt/self/counted.h"

#include "kernels/cuda/block/ptx.cuh"

namespace pg::simt {
namespace {

constexpr int kMostStride = 32, kMostPitch = 128;

__global__ void copy_strided_kernel(float* y, const float* x, int stride, int offset) {
  const auto i = static_cast<int>(threadIdx.x);
  y[i] = x[i * stride + offset];
}

__global__ void copy_packs_kernel(float4* y, const float4* x) { y[threadIdx.x] = x[threadIdx.x]; }

__global__ void copy_some_kernel(float* y, const float* x, int count) {
  for (int i = threadIdx.x; i < count; i += 32) y[i] = x[i];
}

template <typename T>
__global__ void exchange_kernel(T* y, const T* x, int stride) {
  auto* const s = cuda::dynamic_smem<T>();
  const auto i = static_cast<int>(threadIdx.x);
  s[i * stride] = x[i];
  __syncwarp();
  y[i] = s[i * stride];
}

__global__ void multiply_tile_kernel(float* y, const uint4* x, int pitch) {
  auto* const s = cuda::dynamic_smem<unsigned char>();
  const auto i = static_cast<int>(threadIdx.x);
  cuda::ptx::cp_async_16(s + i * pitch, x + i, 16);
  cuda::ptx::cp_async_commit();
  cuda::ptx::cp_async_wait<0>();
  __syncthreads();
  uint32_t a[4];
  cuda::ptx::ldmatrix_x4(a, s + i * pitch);
  float d[4] = {};
  const uint32_t b[2] = {a[0], a[1]};
  cuda::ptx::mma_bf16(d, a, b);
  y[i] = d[0];
}

StartShape one_warp(size_t smem = 0) {
  return {.grid = dim3(1), .block = dim3(32), .smem = smem, .stream = nullptr};
}

template <typename T>
cudaError_t exchange(T* y, const T* x, int stride) {
  return start(one_warp(32 * kMostStride * sizeof(T)), exchange_kernel<T>, y, x, stride);
}

}  // namespace

cudaError_t copy_strided(float* y, const float* x, int stride, int offset) {
  return start(one_warp(), copy_strided_kernel, y, x, stride, offset);
}
cudaError_t copy_packs(float4* y, const float4* x) {
  return start(one_warp(), copy_packs_kernel, y, x);
}
cudaError_t copy_some(float* y, const float* x, int count) {
  return start(one_warp(), copy_some_kernel, y, x, count);
}
cudaError_t exchange_floats(float* y, const float* x, int stride) { return exchange(y, x, stride); }
cudaError_t exchange_doubles(double* y, const double* x, int stride) {
  return exchange(y, x, stride);
}
cudaError_t exchange_packs(float4* y, const float4* x, int stride) {
  return exchange(y, x, stride);
}
cudaError_t multiply_tile(float* y, const uint4* x, int pitch) {
  return start(one_warp(32 * kMostPitch), multiply_tile_kernel, y, x, pitch);
}

}  // namespace pg::simt
