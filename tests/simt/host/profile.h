// profile.h: the properties of the emulated GPU, which decide how kernels are chosen and cut up.
//
// PROGAN_SIMT_DEVICE names a profile: whole test programs run once as each kind of GPU.
// PROGAN_SIMT_STREAMS=late:SEED runs queued work late (test.h). PROGAN_SIMT_MMA=truncated sums as
// the tensor cores of that GPU do (tests/hardware/tensor_core_sum.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pg::simt {

struct DeviceProfile {
  const char* name;
  int processors;      // streaming multiprocessors
  int smem_per_block;  // largest dynamic shared memory, bytes
  int major, minor;    // compute capability
};

// "small" is the default: few processors, so that small problems have several waves of blocks.
const std::vector<DeviceProfile>& device_profiles();
// Ends the process if the name is unknown.
const DeviceProfile& device_profile(const std::string& name);

// The GPUs of this machine: one by default.
const std::vector<DeviceProfile>& devices();
void set_devices(std::vector<DeviceProfile> devices);

// CUDART_VERSION by default; 0: no driver is installed.
void set_driver_version(int version);

}  // namespace pg::simt
