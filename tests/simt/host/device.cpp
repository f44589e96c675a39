// device.cpp: launches, errors and properties of the emulated device.
#include <algorithm>
#include <cstdio>

#include "tests/simt/emulator/machine.h"
#include "tests/simt/host/launch.h"
#include "tests/simt/host/state.h"

namespace pg::simt {
namespace {

constexpr int kMultiprocessors = 4;
constexpr int kMajor = 9, kMinor = 0;
constexpr size_t kSmemWithoutAsking = 48 << 10;

bool shape_allowed(const Launch& launch) {
  const dim3 &grid = launch.grid, &block = launch.block;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  return threads > 0 && threads <= kMaxThreads && block.z <= 64 && grid.x > 0 && grid.y > 0 &&
         grid.z > 0 && grid.x <= 0x7FFFFFFF && grid.y <= 65535 && grid.z <= 65535;
}

cudaError_t run(const Launch& launch) {
  const DeviceMemoryAccess access;
  if (run_grid(launch)) return cudaSuccess;
  std::fprintf(stderr, "simt: kernel fault: %s\n", last_fault().c_str());
  return cudaErrorLaunchFailure;
}

}  // namespace

HostState& host() {
  static HostState state;
  return state;
}

cudaError_t returned(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) host().last = error;
  return host().sticky != cudaSuccess ? host().sticky : error;
}

void reset_device_errors() {
  host().sticky = host().last = cudaSuccess;
  clear_fault();
}

int64_t launches() { return host().launches; }

cudaError_t queue_launch(const cudaLaunchConfig_t& config, Launch&& launch) {
  launch.grid = config.gridDim;
  launch.block = config.blockDim;
  launch.smem = config.dynamicSmemBytes;
  if (!shape_allowed(launch)) return returned(cudaErrorInvalidConfiguration);
  const auto asked = host().smem_limits.find(launch.kernel);
  const size_t most =
      asked == host().smem_limits.end() ? kSmemWithoutAsking : static_cast<size_t>(asked->second);
  if (launch.smem > most) return returned(cudaErrorInvalidValue);
  ++host().launches;
  const auto work = [launch = std::move(launch)] { return run(launch); };
  return returned(queue_work(config.stream, {.run = work}));
}

cudaError_t set_kernel_attribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (value > static_cast<int>(kMaxSmem)) return returned(cudaErrorInvalidValue);
    host().smem_limits[kernel] = std::max(value, static_cast<int>(kSmemWithoutAsking));
  }
  return returned(cudaSuccess);
}

}  // namespace pg::simt

using namespace pg::simt;

cudaError_t cudaPeekAtLastError() {
  return host().sticky != cudaSuccess ? host().sticky : host().last;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  host().last = cudaSuccess;
  return error;
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidMemcpyDirection:
      return "cudaErrorInvalidMemcpyDirection";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorNotReady:
      return "cudaErrorNotReady";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
  }
  return "unknown error";
}

const char* cudaGetErrorString(cudaError_t error) { return cudaGetErrorName(error); }

cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return returned(cudaSuccess);
}

cudaError_t cudaRuntimeGetVersion(int* version) { return cudaDriverGetVersion(version); }

cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return returned(cudaSuccess);
}

cudaError_t cudaSetDevice(int device) {
  return returned(device == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return returned(cudaSuccess);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  size_t free = 0, total = 0;
  cudaMemGetInfo(&free, &total);
  *properties = {.name = "CPU emulation",
                 .major = kMajor,
                 .minor = kMinor,
                 .multiProcessorCount = kMultiprocessors,
                 .totalGlobalMem = total,
                 .sharedMemPerBlockOptin = kMaxSmem};
  return returned(cudaSuccess);
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = kMultiprocessors;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = kMajor;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = kMinor;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(kMaxSmem);
      break;
  }
  return returned(cudaSuccess);
}
