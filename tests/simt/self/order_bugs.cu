// order_bugs.cu: missing and divergent barriers, warp operations without their lanes, races.
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/error.h"
#include "tests/simt/self/bugs.h"

namespace pg::simt {
namespace {

namespace ptx = cuda::ptx;

__global__ void no_barrier_before_read_kernel(float* y, const float* x, int n) {
  __shared__ float s[256];
  const int t = threadIdx.x;
  s[t] = x[t];
  y[t] = s[n - 1 - t];
}

// Correct if the threads run by index.
__global__ void no_barrier_before_neighbour_kernel(float* y, const float* x, int n) {
  __shared__ float s[256];
  const int t = threadIdx.x;
  s[t] = x[n - 1 - t];
  y[t] = t > 0 ? s[t - 1] - 1.0f : s[0];
}

// 64 threads.
constexpr int kWriteLine = __LINE__ + 5, kReadLine = kWriteLine + 2;
__global__ void no_barrier_before_next_write_kernel(float* y, const float* x, int n) {
  __shared__ float s[64];
  const int t = threadIdx.x;
  for (int i = 0; i < 4; ++i) {
    s[t] = x[n - 64 * (i + 1) + t];
    __syncthreads();
    y[64 * i + t] = s[63 - t];
  }
}

__global__ void no_warp_barrier_kernel(float* y, const float* x, int n) {
  __shared__ float s[256];
  const int t = threadIdx.x, lane = t % 32, first = t - lane;
  s[t] = x[n - 1 - first - (31 - lane)];
  y[t] = s[first + 31 - lane];
}

__global__ void barrier_after_exit_kernel(float* y, const float* x, int n) {
  __shared__ float s[256];
  const int t = threadIdx.x;
  if (t >= n - 6) return;
  s[t] = x[t];
  __syncthreads();
  y[t] = s[t];
}

constexpr int kFirstBarrierLine = __LINE__ + 6, kSecondBarrierLine = kFirstBarrierLine + 3;
__global__ void barrier_in_both_branches_kernel(float* y, const float* x, int n) {
  __shared__ float s[256];
  const int t = threadIdx.x;
  s[t] = x[t];
  if (t < 128) {
    __syncthreads();
    y[t] = s[n - 1 - t];
  } else {
    __syncthreads();
    y[t] = s[n - 1 - t];
  }
}

__global__ void barrier_in_uneven_loop_kernel(float* y, const float* x, int n) {
  const int t = threadIdx.x;
  float sum = 0;
  for (int i = 0; i < (t == 7 ? 3 : 2); ++i) {
    sum += x[n - 1 - t] / 2;
    __syncthreads();
  }
  y[t] = sum;
}

__global__ void shuffle_in_half_a_warp_kernel(float* y, const float* x, int n) {
  const int t = threadIdx.x;
  float value = x[n - 1 - t];
  if (t % 32 < 16) value = __shfl_xor_sync(0xffffffffu, value, 0);
  __syncthreads();
  y[t] = value;
}

__global__ void mask_without_caller_kernel(float* y, const float* x, int n) {
  const int t = threadIdx.x;
  y[t] = __shfl_xor_sync(0x0000ffffu, x[n - 1 - t], 0);
}

// Two blocks.
__global__ void blocks_write_one_address_kernel(float* y, const float* x, int n) {
  y[threadIdx.x] = x[n - 1 - threadIdx.x];
}

// Correct if the threads alternate.
__global__ void plain_add_kernel(float* y, const float* x, int n) {
  __shared__ float sum;
  const int t = threadIdx.x;
  if (t == 0) sum = 0.0f;
  __syncthreads();
  sum += t == 255 ? 255.0f : 0.0f;
  __syncthreads();
  y[t] = t == 0 ? sum : x[n - 1 - t];
}

__global__ void read_before_following_kernel(float* y, const float* x, int n) {
  const float value = x[n - 1 - threadIdx.x];
  ptx::follow_earlier_kernels();
  y[threadIdx.x] = value;
}

__global__ void exit_without_following_kernel(float* y, const float* x, int n) {
  if (threadIdx.x >= 200) return;
  ptx::follow_earlier_kernels();
  for (int i = threadIdx.x; i < n; i += 200) y[i] = x[n - 1 - i];
}

template <BugKernel kKernel>
cudaError_t overlap(const BugBuffers& b) {
  return start({.grid = dim3(1), .block = dim3(256), .overlaps = true}, kKernel, b.y, b.x, b.n);
}

__global__ void endless_spin_kernel(float* y) {
  while (atomicAdd(y, 0.0f) != 12345.0f) {
  }
}
cudaError_t endless_spin(const BugBuffers& b) {
  cudaMemset(b.y, 0, sizeof(float));
  return start({.grid = dim3(1), .block = dim3(256)}, endless_spin_kernel, b.y);
}

}  // namespace

std::vector<Bug> order_bugs() {
  // Reports name these lines; other line numbers are not checked.
  const std::string next_write = message("order_bugs.cu:", kWriteLine);
  const std::string read = message("order_bugs.cu:", kReadLine);
  const std::string barriers =
      message("order_bugs.cu:", kFirstBarrierLine, ", .*order_bugs.cu:", kSecondBarrierLine);
  return {
      {"NoBarrierBeforeRead", run_bug<no_barrier_before_read_kernel>, kWrongResult,
       "(uninitialised read|data race).*order_bugs.cu:[0-9]+"},
      {"NoBarrierBeforeNeighbour", run_bug<no_barrier_before_neighbour_kernel>, kWrongResult,
       "(uninitialised read|data race).*order_bugs.cu:[0-9]+"},
      {"NoBarrierBeforeNextWrite", run_bug<no_barrier_before_next_write_kernel, 64>, kWrongResult,
       message("data race: read of __shared__ s.*", read, " unordered with the write by .*",
               next_write)},
      {"NoWarpBarrier", run_bug<no_warp_barrier_kernel>, kWrongResult,
       "(uninitialised read|data race).*order_bugs.cu:[0-9]+"},
      {"BarrierAfterExit", run_bug<barrier_after_exit_kernel>,
       "divergent barrier: 250 thread.*order_bugs.cu:[0-9]+.* 6 thread.* already exited",
       "divergent barrier: 250 thread.*order_bugs.cu:[0-9]+.* 6 thread.* already exited"},
      {"BarrierInBothBranches", run_bug<barrier_in_both_branches_kernel>,
       "divergent barrier in .*" + barriers, "divergent barrier in .*" + barriers},
      {"BarrierInUnevenLoop", run_bug<barrier_in_uneven_loop_kernel>,
       "divergent barrier: 1 thread.* 255 thread.* already exited",
       "divergent barrier: 1 thread.* 255 thread.* already exited"},
      {"ShuffleInHalfAWarp", run_bug<shuffle_in_half_a_warp_kernel>,
       "deadlock in block .*lanes missing ffff0000", "deadlock in block .*lanes missing ffff0000"},
      {"MaskWithoutCaller", run_bug<mask_without_caller_kernel>,
       "the mask does not contain the calling", "the mask does not contain the calling"},
      // Blocks run one after another, so neither changes a result.
      {"BlocksWriteOneAddress", run_bug<blocks_write_one_address_kernel, 256, 0, 2>, kNotSeen,
       "data race: write of device allocation.* of another block"},
      {"PlainAdd", run_bug<plain_add_kernel>, kNotSeen, "data race: .* of __shared__ sum"},
      {"ReadBeforeFollowing", overlap<read_before_following_kernel>, kNotSeen,
       "read of device allocation.* before follow_earlier_kernels.*"},
      {"ExitWithoutFollowing", overlap<exit_without_following_kernel>,
       "thread.* ends without follow_earlier_kernels",
       "thread.* ends without follow_earlier_kernels"},
      {"EndlessSpin", endless_spin, "livelock", "livelock"},
  };
}

}  // namespace pg::simt
