// state.cpp: the described device, and its errors.
#include "tests/ptx/runtime/state.h"

#include <cstdlib>
#include <utility>

namespace pg::ptx {
namespace {

int from_environment(const char* name, int otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}

}  // namespace

const Profile& profile() {
  static const Profile p = [] {
    const int compute = from_environment("PTX_COMPUTE", 90);
    return Profile{.processors = from_environment("PTX_SMS", 4),
                   .most_shared = from_environment("PTX_SHARED_KB", 163) << 10,
                   .major = compute / 10,
                   .minor = compute % 10,
                   .memory = static_cast<size_t>(from_environment("PTX_MEMORY_MB", 4096)) << 20};
  }();
  return p;
}

State& state() {
  static State* const s = new State;
  return *s;
}

Stream& stream_of(cudaStream_t s) {
  return s == nullptr ? state().null_stream : *reinterpret_cast<Stream*>(s);
}

}  // namespace pg::ptx

using pg::ptx::profile;
using pg::ptx::state;

extern "C" {

cudaError_t cudaGetDeviceCount(int* n) {
  *n = 1;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; }
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = profile().processors;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = profile().most_shared;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
      *value = profile().major;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
      *value = profile().minor;
      return cudaSuccess;
    case cudaDevAttrClockRate:
    case cudaDevAttrMemoryClockRate:
    case cudaDevAttrEccEnabled:
      *value = 0;
      return cudaSuccess;
    default:
      std::fprintf(stderr, "ptx: unknown device attribute %d\n", static_cast<int>(attribute));
      return state().last = cudaErrorInvalidValue;
  }
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int) {
  *p = {};
  std::snprintf(p->name, sizeof(p->name), "PTX interpreter");
  p->major = profile().major;
  p->minor = profile().minor;
  p->totalGlobalMem = profile().memory;
  p->multiProcessorCount = profile().processors;
  p->sharedMemPerBlockOptin = static_cast<size_t>(profile().most_shared);
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaDeviceReset() { return cudaSuccess; }

cudaError_t cudaGetLastError() { return std::exchange(state().last, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return state().last; }

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorLaunchFailure:
      return "the PTX interpreter reported an error on stderr";
    default:
      return "an error of the PTX interpreter's CUDA runtime";
  }
}
const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    default:
      return "cudaError";
  }
}

}  // extern "C"
