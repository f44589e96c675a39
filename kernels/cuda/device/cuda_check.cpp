// cuda_check.cpp: messages for failed calls.
#include "kernels/cuda/device/cuda_check.h"

#include <string_view>

#include "kernels/cuda/device/explain.h"
#include "kernels/error.h"

namespace pg::cuda {

void check(cudaError_t status, const char* call, const std::string& kernel) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // clears an error that is not sticky, so the next call does not report it
  const std::string_view name(call);
  if (status == cudaErrorMemoryAllocation && name.starts_with("cudaMallocHost")) {
    throw OutOfMemoryError(
        "out of pinned memory (host memory that a GPU reads); free memory on this machine");
  }
  if (status == cudaErrorStreamCaptureUnsupported && name.starts_with("cudaMalloc")) {
    throw DeviceError(
        "a captured iteration needs GPU memory that the iteration before it did not need; please "
        "report this with the configuration of the run");
  }
  if (status == cudaErrorMemoryAllocation) {
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw OutOfMemoryError(message("out of GPU memory (", free >> 20, " of ", total >> 20,
                                   " MiB free); choose a smaller minibatch or resolution"));
  }
  const Explanation e = explain(status, kernel);
  if (e.fatal) throw DeviceFailure(e.happened, e.advice, kernel);
  const std::string_view function = name.substr(0, name.find('('));
  throw DeviceError(message(e.happened, ", in ", function, "; ", e.advice));
}

}  // namespace pg::cuda
