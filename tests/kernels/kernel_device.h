// kernel_device.h: the device under test of a program with kernel tests.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace pg::test {

// A configuration of the device; the bits of results must be the same in all: a number of threads
// (CPU) or an order of threads (emulated GPU).
struct DeviceVariant {
  std::string name;  // as in "result 0 differs between 2 threads and 1 threads"
  std::function<std::unique_ptr<Backend>()> open;
};

// At least one; run() returns the results of the first.
const std::vector<DeviceVariant>& device_variants();
bool device_supports_bf16();

}  // namespace pg::test
