// devices.h: which device a benchmark runs on, and the backends that it compares there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "model/config/config.h"

namespace pg::bench {

struct Device {
  bool cuda = false;
  int index = 0;       // of the GPU
  std::string reason;  // why "auto" is the CPU, else empty
};

// "auto" (a GPU where one answers, else the CPU), "cpu", "cuda" or "cuda:I". Throws UsageError for
// another name, DeviceError for a GPU that is not there.
Device choose_device(const std::string& name);

// "fp32", "tf32" or "bf16". Throws UsageError for another name, or one that the device lacks.
Precision parse_precision(const std::string& name, const Device& device);
const char* name_of(Precision precision);

// Kernels of the CPU: "cpu" (as in training), "direct" (plain loops). Of a GPU: "own", "vendor"
// (the libraries where they have such a kernel), "fastest" (of the two, for each shape). Throws
// UsageError for another name.
std::unique_ptr<Backend> open_backend(const Device& device, const std::string& kernels,
                                      Precision precision, int threads);

// Images in a minibatch: on a GPU those of the official schedule, on the CPU 16 up to 64x64 and
// 1024 / resolution above.
int64_t default_batch(const Device& device, int64_t resolution);

}  // namespace pg::bench
