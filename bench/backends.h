// backends.h: the backends that benchmarks compare on a device.
#pragma once

#include <memory>
#include <string>

#include "model/config/config.h"
#include "model/device/device_choice.h"

namespace pg::bench {

// "fp32", "tf32" or "bf16". Throws UsageError for any other name, or a precision that the device
// does not support.
Precision parse_precision(const std::string& name, const DeviceChoice& device);

// Kernels of the CPU: "cpu" (as in training), "direct" (plain loops). Of a GPU: "own", "vendor"
// (the libraries, where they support the call), "fastest" (of both, per shape). Throws UsageError
// for any other name.
std::unique_ptr<Backend> open_backend(const DeviceChoice& device, const std::string& kernels,
                                      Precision precision, int threads);

// Images per minibatch: on a GPU those of the official schedule; on the CPU 16 up to 64x64, above
// that 1024 / resolution.
int64_t default_batch(const DeviceChoice& device, int64_t resolution);

}  // namespace pg::bench
