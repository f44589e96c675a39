// machine_code.h: which GPUs this program has machine code for.
#pragma once

#include <cstdint>
#include <string_view>

namespace pg::cuda {

struct ComputeCapability {
  int major, minor;
};

// compiled_by_driver: from PTX, when a kernel first runs; the driver keeps the result.
enum class MachineCode : uint8_t { present, compiled_by_driver, missing };

// built: CMake's list of architectures, separated by commas ("80-real,90a-real,90-virtual"). Code
// for 8.0 runs on all of 8.x; code for 9.0a only there. PTX runs on that architecture and newer.
MachineCode machine_code(ComputeCapability gpu, std::string_view built);
MachineCode machine_code(ComputeCapability gpu);  // of this program

}  // namespace pg::cuda
