// device.cpp: launches and properties of the emulated devices.
#include <algorithm>
#include <cstdio>

#include "tests/simt/emulator/machine.h"
#include "tests/simt/emulator/symbols.h"
#include "tests/simt/host/launch.h"
#include "tests/simt/host/planted.h"
#include "tests/simt/host/state.h"

namespace pg::simt {
namespace {

constexpr size_t kSmemWithoutAsking = 48 << 10;
constexpr int kOldestMajor = 8;  // of the compute capabilities with code in the program
constexpr int kFirstMajorWithOverlap = 9;

const DeviceProfile& current_device() { return host().devices[static_cast<size_t>(host().device)]; }

bool exists(int device) { return device >= 0 && device < static_cast<int>(host().devices.size()); }

bool shape_allowed(const Launch& launch) {
  const dim3 &grid = launch.grid, &block = launch.block;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  return threads > 0 && threads <= kMaxThreads && block.z <= 64 && grid.x > 0 && grid.y > 0 &&
         grid.z > 0 && grid.x <= 0x7FFFFFFF && grid.y <= 65535 && grid.z <= 65535;
}

cudaError_t run(const Launch& launch) {
  if (host().dry) return cudaSuccess;
  const DeviceMemoryAccess access;
  if (run_grid(launch)) return cudaSuccess;
  std::fprintf(stderr, "simt: kernel fault: %s\n", last_fault().c_str());
  return cudaErrorLaunchFailure;
}

}  // namespace

bool smem_allowed(const void* kernel, size_t bytes) {
  const auto asked = host().smem_limits.find(kernel);
  return bytes <= (asked == host().smem_limits.end() ? kSmemWithoutAsking
                                                     : static_cast<size_t>(asked->second));
}

cudaError_t queue_launch(const cudaLaunchConfig_t& config, Launch&& launch) {
  if (const cudaError_t error = called("cudaLaunchKernelEx")) return error;
  launch.grid = config.gridDim;
  launch.block = config.blockDim;
  launch.smem = config.dynamicSmemBytes;
  for (unsigned k = 0; k < config.numAttrs; ++k) {
    launch.overlaps |= config.attrs[k].val.programmaticStreamSerializationAllowed != 0;
  }
  if (!shape_allowed(launch)) return returned(cudaErrorInvalidConfiguration);
  if (!smem_allowed(launch.kernel, launch.smem)) return returned(cudaErrorInvalidValue);
  if (current_device().major < kOldestMajor) return returned(cudaErrorNoKernelImageForDevice);
  if (launch.overlaps && current_device().major < kFirstMajorWithOverlap) {
    return returned(cudaErrorNotSupported);
  }
  ++host().launches;
  if (launch.overlaps) ++host().overlapping;
  ++host().launched[launch.kernel];
  Work work{.run = {}, .kernel = launch.kernel, .smem = launch.smem};
  work.run = [launch = std::move(launch)] { return run_with_faults(launch, run); };
  return returned(queue_work(config.stream, std::move(work)));
}

// Stricter than a device, which allows attributes to change while a stream is captured.
cudaError_t set_kernel_attribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  if (const cudaError_t error = called("cudaFuncSetAttribute", Capture::forbids)) return error;
  if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (value > current_device().smem_per_block) return returned(cudaErrorInvalidValue);
    host().smem_limits[kernel] = std::max(value, static_cast<int>(kSmemWithoutAsking));
  }
  return returned(cudaSuccess);
}

}  // namespace pg::simt

using namespace pg::simt;

cudaError_t cudaFuncGetName(const char** name, const void* kernel) {
  *name = kernel_name(kernel);
  if (const cudaError_t error = called("cudaFuncGetName")) return error;
  return returned(**name != 0 ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = host().driver;
  return called("cudaDriverGetVersion");
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return called("cudaRuntimeGetVersion");
}

// Tests may hold other objects of the device: they stay valid, unlike on a GPU.
cudaError_t cudaDeviceReset() { return called("cudaDeviceReset", Capture::forbids); }

cudaError_t cudaGetDevice(int* device) {
  *device = host().device;
  return called("cudaGetDevice");
}

cudaError_t cudaSetDevice(int device) {
  if (const cudaError_t error = called("cudaSetDevice")) return error;
  if (!exists(device)) return returned(cudaErrorInvalidDevice);
  host().device = device;
  return returned(cudaSuccess);
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  if (const cudaError_t error = called("cudaGetDeviceCount")) return error;
  if (host().driver < CUDART_VERSION) return returned(cudaErrorInsufficientDriver);
  if (host().devices.empty()) return returned(cudaErrorNoDevice);
  *count = static_cast<int>(host().devices.size());
  return returned(cudaSuccess);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (const cudaError_t error = called("cudaGetDeviceProperties")) return error;
  if (!exists(device)) return returned(cudaErrorInvalidDevice);
  const DeviceProfile& p = host().devices[static_cast<size_t>(device)];
  *properties = {.name = {},
                 .uuid = {{1, 2, 3, static_cast<char>(device)}},
                 .major = p.major,
                 .minor = p.minor,
                 .multiProcessorCount = p.processors,
                 .totalGlobalMem = device_bytes(),
                 .sharedMemPerBlockOptin = static_cast<size_t>(p.smem_per_block)};
  std::snprintf(properties->name, sizeof properties->name, "CPU emulation (%s)", p.name);
  return returned(cudaSuccess);
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (const cudaError_t error = called("cudaDeviceGetAttribute")) return error;
  if (!exists(device)) return returned(cudaErrorInvalidDevice);
  const DeviceProfile& p = host().devices[static_cast<size_t>(device)];
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = p.processors;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = p.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = p.minor;
      break;
    case cudaDevAttrL2CacheSize:
      *value = 1 << 16;  // small, as tests' tensors are
      break;
    case cudaDevAttrClockRate:
    case cudaDevAttrMemoryClockRate:
    case cudaDevAttrEccEnabled:
      *value = 0;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = p.smem_per_block;
      break;
  }
  return returned(cudaSuccess);
}
