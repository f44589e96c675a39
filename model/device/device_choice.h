// device_choice.h: from the option --device to a backend. Programs that use it link pg_cuda.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/backend.h"
#include "kernels/planning.h"
#include "model/config/config.h"

namespace pg {

struct DeviceChoice {
  bool cuda = false;
  int index = 0;                        // of the GPU
  std::string reason;                   // why "auto" chose the CPU, else empty
  std::string notice{};                 // what a user must know at once, else empty
  std::optional<GpuModel> described{};  // a GPU that need not exist, for plans alone
};

// "auto" (the first usable GPU, else the CPU), "cpu", "cuda" or "cuda:I". Throws UsageError for any
// other name, DeviceError if the GPU does not exist or cannot be used. Prints the notice on
// standard error, once for each process: the CPU was chosen although there is a driver or a GPU, or
// kernels must be compiled for the GPU first.
DeviceChoice choose_device(std::string_view name);

// Replaces Precision::automatic: tf32 on a GPU, fp32 on the CPU. Throws UsageError for a precision
// that the device does not support.
Precision resolve_precision(Precision wanted, const DeviceChoice& device);

// The backend in a resolved precision; threads = 0: all cores; the last two are of a GPU. Throws
// DeviceError.
std::unique_ptr<Backend> open_device(const DeviceChoice& device, int64_t threads,
                                     Precision precision = Precision::fp32,
                                     CudaKernels kernels = CudaKernels::own,
                                     const CudaOptions& options = {});

}  // namespace pg
