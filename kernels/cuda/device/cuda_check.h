// cuda_check.h: errors of the CUDA runtime as exceptions.
#pragma once

#include <cuda_runtime.h>

#include <string>

namespace pg::cuda {

// Throws OutOfMemoryError, DeviceFailure if the device can no longer be used, or DeviceError.
// `kernel` is the one that is known to have failed.
void check(cudaError_t status, const char* call, const std::string& kernel = "");
#define PG_CUDA(call) ::pg::cuda::check((call), #call)

}  // namespace pg::cuda
