// cuda_check.h: errors of the CUDA runtime as exceptions.
#pragma once

#include <cuda_runtime.h>

namespace pg::cuda {

// Throws OutOfMemoryError, or DeviceError with the name of the failed call.
void check(cudaError_t status, const char* call);
#define PG_CUDA(call) ::pg::cuda::check((call), #call)

}  // namespace pg::cuda
