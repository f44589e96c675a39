// host_bugs.cu: mistakes in code that launches kernels.
#include "tests/simt/self/bugs.h"

namespace pg::simt {
namespace {

__global__ void reverse_kernel(float* y, const float* x, int n) {
  y[threadIdx.x] = x[n - 1 - threadIdx.x];
}

cudaError_t start_reverse(float* y, const float* x, int n, size_t smem = 0,
                          cudaStream_t stream = nullptr) {
  return start({.grid = dim3(1), .block = dim3(256), .smem = smem, .stream = stream},
               reverse_kernel, y, x, n);
}

size_t bytes_of(const BugBuffers& b) { return static_cast<size_t>(b.n) * sizeof(float); }

cudaError_t no_bug(const BugBuffers& b) { return start_reverse(b.y, b.x, b.n); }

cudaError_t use_after_free(const BugBuffers& b) {
  float* copy = nullptr;
  cudaMalloc(&copy, bytes_of(b));
  cudaMemcpy(copy, b.x, bytes_of(b), cudaMemcpyDeviceToDevice);
  cudaFree(copy);
  return start_reverse(b.y, copy, b.n);
}

cudaError_t host_reads_device_memory(const BugBuffers& b) {
  b.host[0] = b.x[b.n - 1];
  return cudaSuccess;
}

cudaError_t kernel_reads_host_memory(const BugBuffers& b) {
  return start_reverse(b.y, b.host, b.n);
}

cudaError_t too_much_shared_memory(const BugBuffers& b) {
  return start_reverse(b.y, b.x, b.n, 60000);
}

cudaError_t wrong_copy_kind(const BugBuffers& b) {
  return cudaMemcpy(b.y, b.host, bytes_of(b), cudaMemcpyDeviceToDevice);
}

cudaError_t streams_without_event(const BugBuffers& b) {
  cudaStream_t first = nullptr, second = nullptr;
  cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
  cudaMemsetAsync(b.y, 0, bytes_of(b), first);
  const cudaError_t error = start_reverse(b.y, b.x, b.n, 0, second);  // should wait for `first`
  cudaStreamSynchronize(first);
  cudaStreamSynchronize(second);
  cudaStreamDestroy(first);
  cudaStreamDestroy(second);
  return error;
}

}  // namespace

std::vector<Bug> host_bugs() {
  return {
      {"NoBug", no_bug, kNotSeen, kNotSeen},
      {"UseAfterFree", use_after_free, "heap-use-after-free",
       "invalid read .*not device memory, or out of bounds"},
      {"HostReadsDeviceMemory", host_reads_device_memory, "use-after-poison", kWrongResult},
      {"KernelReadsHostMemory", kernel_reads_host_memory, kWrongResult,
       "invalid read .*not device memory, or out of bounds"},
      {"TooMuchSharedMemory", too_much_shared_memory, "cudaErrorInvalidValue",
       "cudaErrorInvalidValue"},
      {"WrongCopyKind", wrong_copy_kind, "cudaErrorInvalidMemcpyDirection",
       "cudaErrorInvalidMemcpyDirection"},
      {"StreamsWithoutEvent", streams_without_event, kWrongResult, kWrongResult},
  };
}

}  // namespace pg::simt
