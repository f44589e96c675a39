// memory.cpp: allocations, copies and fills of the emulated device.
#include <cstdlib>

#include "tests/simt/emulator/asan.h"
#include "tests/simt/emulator/race.h"
#include "tests/simt/host/state.h"

namespace pg::simt {
namespace {

constexpr size_t kDeviceBytes = size_t{8} << 30;

enum class Residence { host, device, beyond_the_end };

// The location of `bytes` from p; beyond_the_end: they start in an allocation but exceed it.
Residence residence(const void* p, size_t bytes) {
  const auto address = reinterpret_cast<uintptr_t>(p);
  const auto& allocations = host().allocations;
  const auto after = allocations.upper_bound(address);
  if (after == allocations.begin()) return Residence::host;
  const auto& [begin, size] = *std::prev(after);
  if (address >= begin + size) return Residence::host;
  return address + bytes <= begin + size ? Residence::device : Residence::beyond_the_end;
}

cudaError_t check_copy(const void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  const Residence target = residence(to, bytes), source = residence(from, bytes);
  if (target == Residence::beyond_the_end || source == Residence::beyond_the_end) {
    return cudaErrorInvalidValue;
  }
  if (kind == cudaMemcpyDefault) return cudaSuccess;
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  const bool as_said =
      to_device == (target == Residence::device) && from_device == (source == Residence::device);
  return as_said ? cudaSuccess : cudaErrorInvalidMemcpyDirection;
}

}  // namespace

size_t device_bytes() { return kDeviceBytes; }

DeviceMemoryAccess::DeviceMemoryAccess() {
  for (const auto& [begin, bytes] : host().allocations) {
    allow_access(reinterpret_cast<const void*>(begin), bytes);
  }
}
DeviceMemoryAccess::~DeviceMemoryAccess() {
  for (const auto& [begin, bytes] : host().allocations) {
    forbid_access(reinterpret_cast<const void*>(begin), bytes);
  }
}

}  // namespace pg::simt

using namespace pg::simt;

cudaError_t cudaMalloc(void** p, size_t bytes) {
  *p = nullptr;
  if (const cudaError_t error = called("cudaMalloc", Capture::forbids)) return error;
  if (host().sticky != cudaSuccess) return returned(host().sticky);
  if (bytes == 0) return returned(cudaSuccess);
  if (host().memory_taken) return returned(cudaErrorMemoryAllocation);
  // The exact size, unlike aligned_alloc, so that an access just beyond the end is detected.
  constexpr size_t kAlignment = 256;
  if (posix_memalign(p, kAlignment, bytes) != 0) return returned(cudaErrorMemoryAllocation);
  host().allocations[reinterpret_cast<uintptr_t>(*p)] = bytes;
  host().allocated_bytes += bytes;
  if (!host().dry) {
    std::memset(*p, 0xFF, bytes);
    race_allocated(*p, bytes);
  }
  forbid_access(*p, bytes);
  return returned(cudaSuccess);
}

cudaError_t cudaFree(void* p) {
  const cudaError_t error = called("cudaFree", Capture::forbids);
  if (p == nullptr || error == cudaErrorStreamCaptureUnsupported) return returned(error);
  ++host().waits;
  drain_all();
  const auto found = host().allocations.find(reinterpret_cast<uintptr_t>(p));
  if (found == host().allocations.end()) return returned(cudaErrorInvalidValue);
  allow_access(p, found->second);
  host().allocated_bytes -= found->second;
  host().allocations.erase(found);
  race_freed(p);
  std::free(p);
  return returned(error);
}

cudaError_t cudaMallocHost(void** p, size_t bytes, unsigned) {
  *p = nullptr;
  if (const cudaError_t error = called("cudaMallocHost", Capture::forbids)) return error;
  if (host().sticky != cudaSuccess) return returned(host().sticky);
  *p = std::malloc(bytes);
  if (*p == nullptr) return returned(cudaErrorMemoryAllocation);
  ++host().objects;
  return returned(cudaSuccess);
}

cudaError_t cudaFreeHost(void* p) {
  const cudaError_t error = called("cudaFreeHost", Capture::forbids);
  if (p == nullptr || error == cudaErrorStreamCaptureUnsupported) return returned(error);
  ++host().waits;
  drain_all();
  std::free(p);
  --host().objects;
  return returned(error);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (const cudaError_t error = called("cudaMemcpyAsync")) return error;
  if (const cudaError_t error = check_copy(to, from, bytes, kind)) return returned(error);
  if (kind == cudaMemcpyDeviceToDevice) ++host().copies;
  const auto copy = [=] {
    if (host().dry) {
      if (kind == cudaMemcpyDeviceToHost) std::memset(to, 0, bytes);
      return cudaSuccess;
    }
    const DeviceMemoryAccess access;
    std::memcpy(to, from, bytes);
    race_host_wrote(to, bytes);
    return cudaSuccess;
  };
  return returned(queue_work(stream, {.run = copy}));
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  if (const cudaError_t error = called("cudaMemcpy", Capture::forbids)) return error;
  const cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr);
  ++host().waits;
  drain_all();
  return returned(error);
}

cudaError_t cudaMemsetAsync(void* p, int value, size_t bytes, cudaStream_t stream) {
  if (const cudaError_t error = called("cudaMemsetAsync")) return error;
  if (bytes > 0 && residence(p, bytes) != Residence::device) return returned(cudaErrorInvalidValue);
  ++host().copies;
  const auto fill = [=] {
    if (host().dry) return cudaSuccess;
    const DeviceMemoryAccess access;
    std::memset(p, value, bytes);
    race_host_wrote(p, bytes);
    return cudaSuccess;
  };
  return returned(queue_work(stream, {.run = fill}));
}

cudaError_t cudaMemset(void* p, int value, size_t bytes) {
  if (const cudaError_t error = called("cudaMemset", Capture::forbids)) return error;
  return cudaMemsetAsync(p, value, bytes, nullptr);
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = kDeviceBytes;
  *free = host().memory_taken ? 0 : kDeviceBytes - host().allocated_bytes;
  return called("cudaMemGetInfo");
}
