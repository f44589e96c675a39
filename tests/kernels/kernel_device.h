// kernel_device.h: the device that a test program of kernels is for.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace pg::test {

// A way to run a kernel whose results must have the same bits as any other way: a number of threads
// (CPU), an order of threads (emulated GPU).
struct DeviceVariant {
  std::string name;  // completes "result 0 has other bits with ..."
  std::function<std::unique_ptr<Backend>()> open;
};

// At least one; the first gives the results.
const std::vector<DeviceVariant>& device_variants();
bool device_takes_bf16();

}  // namespace pg::test
