// calls.cpp: what every call shares: errors, failures on request, and the rules of captures.
#include <cstring>
#include <string_view>

#include "tests/simt/emulator/machine.h"
#include "tests/simt/emulator/symbols.h"
#include "tests/simt/host/state.h"

namespace pg::simt {
namespace {

// Calls that allocate fail as if memory were exhausted.
cudaError_t failure_of(std::string_view name) {
  const bool allocates = name.starts_with("cudaMalloc");
  return allocates ? cudaErrorMemoryAllocation : cudaErrorUnknown;
}

}  // namespace

HostState& host() {
  static HostState state;
  static const bool read = (read_environment(state), true);
  static_cast<void>(read);
  return state;
}

cudaError_t called(const char* name, Capture capture) {
  HostState& h = host();
  h.last_call = name;
  if (++h.calls == h.failing_call) return returned(failure_of(name));
  if (capture == Capture::allows || !capturing()) return cudaSuccess;
  invalidate_captures();
  return returned(cudaErrorStreamCaptureUnsupported);
}

cudaError_t returned(cudaError_t error) {
  if (error != cudaSuccess && error != cudaErrorNotReady) host().last = error;
  return host().sticky != cudaSuccess ? host().sticky : error;
}

void reset_device_errors() {
  host().sticky = host().last = host().pending = cudaSuccess;
  host().memory_taken = false;
  clear_fault();
}

std::set<std::string> launched_kernels() {
  std::set<std::string> names;
  for (const auto& [name, count] : launch_counts()) names.insert(name);
  return names;
}

std::map<std::string, int64_t> launch_counts() {
  std::map<std::string, int64_t> counts;
  for (const auto& [kernel, count] : host().launched) {
    counts[demangled(kernel_name(kernel))] += count;
  }
  return counts;
}

DryRun::DryRun() { host().dry = true; }
DryRun::~DryRun() {
  drain_all();
  host().dry = false;
}

int64_t launches() { return host().launches; }
int64_t overlapping_launches() { return host().overlapping; }
int64_t copies() { return host().copies; }
int64_t waits() { return host().waits; }
int64_t calls() { return host().calls; }
std::string last_call() { return host().last_call; }
void fail_call(int64_t number) { host().failing_call = number; }

int64_t objects() {
  const HostState& h = host();
  return h.objects + static_cast<int64_t>(h.allocations.size() + h.streams.size()) - 1;
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
#define PG_SIMT_ERROR(name) \
  case name:                \
    return #name;
    PG_SIMT_ERROR(cudaSuccess)
    PG_SIMT_ERROR(cudaErrorInvalidValue)
    PG_SIMT_ERROR(cudaErrorMemoryAllocation)
    PG_SIMT_ERROR(cudaErrorInitializationError)
    PG_SIMT_ERROR(cudaErrorInvalidConfiguration)
    PG_SIMT_ERROR(cudaErrorInvalidMemcpyDirection)
    PG_SIMT_ERROR(cudaErrorInsufficientDriver)
    PG_SIMT_ERROR(cudaErrorCallRequiresNewerDriver)
    PG_SIMT_ERROR(cudaErrorDevicesUnavailable)
    PG_SIMT_ERROR(cudaErrorInvalidDeviceFunction)
    PG_SIMT_ERROR(cudaErrorNoDevice)
    PG_SIMT_ERROR(cudaErrorInvalidDevice)
    PG_SIMT_ERROR(cudaErrorStartupFailure)
    PG_SIMT_ERROR(cudaErrorNoKernelImageForDevice)
    PG_SIMT_ERROR(cudaErrorECCUncorrectable)
    PG_SIMT_ERROR(cudaErrorNvlinkUncorrectable)
    PG_SIMT_ERROR(cudaErrorJitCompilerNotFound)
    PG_SIMT_ERROR(cudaErrorUnsupportedPtxVersion)
    PG_SIMT_ERROR(cudaErrorJitCompilationDisabled)
    PG_SIMT_ERROR(cudaErrorOperatingSystem)
    PG_SIMT_ERROR(cudaErrorNotReady)
    PG_SIMT_ERROR(cudaErrorIllegalAddress)
    PG_SIMT_ERROR(cudaErrorLaunchOutOfResources)
    PG_SIMT_ERROR(cudaErrorLaunchTimeout)
    PG_SIMT_ERROR(cudaErrorContextIsDestroyed)
    PG_SIMT_ERROR(cudaErrorAssert)
    PG_SIMT_ERROR(cudaErrorHardwareStackError)
    PG_SIMT_ERROR(cudaErrorIllegalInstruction)
    PG_SIMT_ERROR(cudaErrorMisalignedAddress)
    PG_SIMT_ERROR(cudaErrorInvalidAddressSpace)
    PG_SIMT_ERROR(cudaErrorInvalidPc)
    PG_SIMT_ERROR(cudaErrorLaunchFailure)
    PG_SIMT_ERROR(cudaErrorNotSupported)
    PG_SIMT_ERROR(cudaErrorSystemNotReady)
    PG_SIMT_ERROR(cudaErrorSystemDriverMismatch)
    PG_SIMT_ERROR(cudaErrorCompatNotSupportedOnDevice)
    PG_SIMT_ERROR(cudaErrorMpsClientTerminated)
    PG_SIMT_ERROR(cudaErrorStreamCaptureUnsupported)
    PG_SIMT_ERROR(cudaErrorStreamCaptureInvalidated)
    PG_SIMT_ERROR(cudaErrorUnknown)
#undef PG_SIMT_ERROR
  }
  return "unknown error";
}

const char* cudaGetErrorString(cudaError_t error) { return cudaGetErrorName(error); }
