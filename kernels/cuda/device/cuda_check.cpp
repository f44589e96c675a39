// cuda_check.cpp: messages for failed calls.
#include "kernels/cuda/device/cuda_check.h"

#include "kernels/error.h"

namespace pg::cuda {

void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // clears an error that is not sticky, so the next call does not report it
  if (status == cudaErrorMemoryAllocation) {
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw OutOfMemoryError(message("out of GPU memory (", free >> 20, " of ", total >> 20,
                                   " MiB free); choose a smaller minibatch or resolution"));
  }
  throw DeviceError(message("CUDA: ", cudaGetErrorString(status), " (in ", call, ")"));
}

}  // namespace pg::cuda
