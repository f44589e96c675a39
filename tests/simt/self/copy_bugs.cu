// copy_bugs.cu: cp.async without a wait, and a misaligned row for ldmatrix.
#include "kernels/cuda/block/ptx.cuh"
#include "tests/simt/self/bugs.h"

namespace pg::simt {
namespace {

namespace ptx = cuda::ptx;
using cuda::dynamic_smem;

__global__ void no_wait_kernel(float* y, const float* x, int n) {
  auto* const s = dynamic_smem<float>();
  const int t = threadIdx.x;
  if (t < 64) ptx::cp_async_16(s + 4 * t, x + 4 * t, 16);
  ptx::cp_async_commit();
  __syncthreads();
  y[t] = s[n - 1 - t];
}

// A wait covers only the thread's own copies.
__global__ void wait_after_barrier_kernel(float* y, const float* x, int n) {
  auto* const s = dynamic_smem<float>();
  const int t = threadIdx.x;
  if (t < 64) ptx::cp_async_16(s + 4 * t, x + 4 * t, 16);
  ptx::cp_async_commit();
  __syncthreads();
  ptx::cp_async_wait<0>();
  y[t] = s[n - 1 - t];
}

__global__ void wait_for_too_few_kernel(float* y, const float* x, int n) {
  auto* const s = dynamic_smem<float>();
  const int t = threadIdx.x;
  if (t < 64) ptx::cp_async_16(s + 4 * t, x + 4 * t, 16);
  ptx::cp_async_commit();
  ptx::cp_async_wait<1>();
  __syncthreads();
  y[t] = s[n - 1 - t];
}

// One warp.
__global__ void misaligned_row_kernel(float* y, const float* x, int n) {
  auto* const s = dynamic_smem<char>();
  for (int i = threadIdx.x; i < 1024; i += 32) s[i] = 0;
  __syncwarp();
  uint32_t r[4];
  ptx::ldmatrix_x4(r, s + threadIdx.x * 20);
  y[threadIdx.x] = x[n - 1] + static_cast<float>(r[0]);
}

}  // namespace

std::vector<Bug> copy_bugs() {
  return {
      {"AsyncCopyWithoutWait", run_bug<no_wait_kernel, 256, 1024>, kWrongResult,
       "before a wait for the cp.async write .*copy_bugs.cu:[0-9]+"},
      {"AsyncCopyWaitAfterBarrier", run_bug<wait_after_barrier_kernel, 256, 1024>, kWrongResult,
       "before a wait for the cp.async write .*copy_bugs.cu:[0-9]+"},
      {"AsyncCopyWaitForTooFew", run_bug<wait_for_too_few_kernel, 256, 1024>, kWrongResult,
       "before a wait for the cp.async write .*copy_bugs.cu:[0-9]+"},
      {"LdmatrixMisalignedRow", run_bug<misaligned_row_kernel, 32, 1024>,
       "copy_bugs.cu:[0-9]+: ldmatrix: the row address of lane .* is not 16-byte aligned",
       "ldmatrix: the row address of lane .* is not 16-byte aligned"},
  };
}

}  // namespace pg::simt
