// memory_bugs.cu: invalid addresses, and reads of uninitialised memory.
#include "kernels/cuda/block/ptx.cuh"
#include "tests/simt/self/bugs.h"

namespace pg::simt {
namespace {

using cuda::dynamic_smem;

__global__ void global_read_past_end_kernel(float* y, const float* x, int n) {
  y[threadIdx.x] = x[n - threadIdx.x];
}

__global__ void global_vector_write_past_end_kernel(float* y, const float* x, int n) {
  const int quad = threadIdx.x;
  if (quad <= n / 4) reinterpret_cast<float4*>(y)[quad] = make_float4(x[0], x[1], x[2], x[3]);
}

__global__ void shared_out_of_bounds_kernel(float* y, const float* x, int n) {
  __shared__ float s[255];
  const int t = threadIdx.x;
  s[t] = x[t];
  __syncthreads();
  y[t] = s[(n - 1 - t) % 255];
}

// A pointer has no bounds that the compiler could check.
template <int kCount>
__global__ void template_shared_out_of_bounds_kernel(float* y, const float* x, int n) {
  __shared__ float s[kCount];
  float* const p = s;
  const int t = threadIdx.x;
  p[t] = x[t];
  __syncthreads();
  y[t] = p[(n - 1 - t) % kCount];
}

__global__ void shared_out_of_row_kernel(float* y, const float* x, int n) {
  __shared__ float s[8][32];
  const int t = threadIdx.x;
  s[t / 32][t % 32] = x[t];
  __syncthreads();
  const int r = n - 1 - t;
  y[t] = r >= 32 ? s[r / 32 - 1][r % 32 + 32] : s[0][r];  // still inside the array
}

__global__ void dynamic_shared_out_of_bounds_kernel(float* y, const float* x, int n) {
  auto* const s = dynamic_smem<float>();
  const int t = threadIdx.x;
  s[t] = x[t];
  __syncthreads();
  y[t] = s[n - t];
}

__global__ void misaligned_vector_kernel(float* y, const float* x, int) {
  if (threadIdx.x >= 63) return;
  const float4 v = *reinterpret_cast<const float4*>(x + 1 + 4 * threadIdx.x);
  y[threadIdx.x] = v.x + v.y + v.z + v.w;
}

__global__ void index_overflow_kernel(float* y, const float* x, int n) {
  y[threadIdx.x] = x[n * 0x1000000 < 0 ? 1 : 0];
}

__global__ void uninitialised_shared_kernel(float* y, const float* x, int n) {
  __shared__ float s[256];
  const int t = threadIdx.x;
  if (t != 9) s[t] = x[t];
  __syncthreads();
  y[t] = s[n - 1 - t];
}

template <typename T>
__global__ void uninitialised_template_shared_kernel(float* y, const float* x, int n) {
  __shared__ T sum[256];
  const int t = threadIdx.x;
  sum[t] += x[n - 1 - t];  // as if it started at zero
  y[t] = sum[t];
}

__global__ void uninitialised_dynamic_kernel(float* y, const float* x, int n) {
  auto* const s = dynamic_smem<float>();
  const int t = threadIdx.x;
  if (t != 9) s[t] = x[t];
  __syncthreads();
  y[t] = s[n - 1 - t];
}

__global__ void uninitialised_global_kernel(float* y, const float* x, int n) {
  y[threadIdx.x] += x[n - 1 - threadIdx.x];
}

}  // namespace

std::vector<Bug> memory_bugs() {
  return {
      {"GlobalReadPastEnd", run_bug<global_read_past_end_kernel>, "heap-buffer-overflow",
       "invalid read of 4 bytes .*memory_bugs.cu:[0-9]+"},
      {"GlobalVectorWritePastEnd", run_bug<global_vector_write_past_end_kernel>,
       "heap-buffer-overflow", "invalid write .*memory_bugs.cu"},
      {"SharedOutOfBounds", run_bug<shared_out_of_bounds_kernel>, "index 255 out of bounds",
       "index 255 out of bounds"},
      {"TemplateSharedOutOfBounds", run_bug<template_shared_out_of_bounds_kernel<255>>,
       "global-buffer-overflow|index 255 out of bounds|insufficient space",
       "out of bounds|insufficient space"},
      {"SharedOutOfRow", run_bug<shared_out_of_row_kernel>, "index .* out of bounds",
       "index .* out of bounds"},
      {"DynamicSharedOutOfBounds", run_bug<dynamic_shared_out_of_bounds_kernel, 256, 1024>,
       "use-after-poison", "out of bounds|invalid read"},
      {"MisalignedVector", run_bug<misaligned_vector_kernel>, "misaligned address",
       "misaligned address"},
      {"IndexOverflow", run_bug<index_overflow_kernel>, "signed integer overflow",
       "signed integer overflow"},
      {"UninitialisedShared", run_bug<uninitialised_shared_kernel>, kWrongResult,
       "uninitialised read of __shared__ s"},
      {"UninitialisedTemplateShared", run_bug<uninitialised_template_shared_kernel<float>>,
       kWrongResult, "uninitialised read of __shared__ sum"},
      {"UninitialisedDynamicShared", run_bug<uninitialised_dynamic_kernel, 256, 1024>, kWrongResult,
       "uninitialised read of dynamic shared memory"},
      {"UninitialisedGlobal", run_bug<uninitialised_global_kernel>, kWrongResult,
       "uninitialised read of device allocation"},
  };
}

}  // namespace pg::simt
