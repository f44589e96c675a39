// device_choice.h: from the option --device to a backend. Programs that use it link pg_cuda.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kernels/backend.h"
#include "model/config/config.h"

namespace pg {

struct DeviceChoice {
  bool cuda = false;
  int index = 0;       // of the GPU
  std::string reason;  // why "auto" chose the CPU, else empty
};

// "auto" (a GPU if one is available, else the CPU), "cpu", "cuda" or "cuda:I". Throws UsageError
// for any other name, DeviceError if the GPU does not exist.
DeviceChoice choose_device(std::string_view name);

// Replaces Precision::automatic: tf32 on a GPU, fp32 on the CPU. Throws UsageError for a precision
// that the device does not support.
Precision resolve_precision(Precision wanted, const DeviceChoice& device);

// The backend in a resolved precision; threads = 0: all cores. Throws DeviceError.
std::unique_ptr<Backend> open_device(const DeviceChoice& device, int64_t threads,
                                     Precision precision = Precision::fp32,
                                     CudaKernels kernels = CudaKernels::own);

}  // namespace pg
