// memory.cpp: memory of the device and of the host, and copies.
//
// Copies and fills check their whole range. If only a sample of the blocks runs, they move only the
// first part of a large one, so that memory behind the rest is never touched.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tests/ptx/interpreter/memory.h"
#include "tests/ptx/runtime/state.h"

namespace pg::ptx {
namespace {

size_t bytes_to_move(size_t bytes) {
  constexpr size_t kSampled = 1 << 20;
  return options().sample == 0 ? bytes : std::min(bytes, kSampled);
}

void copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  if (kind == cudaMemcpyDefault) fail("cudaMemcpyDefault is not supported");
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (to_device) require_device(reinterpret_cast<uint64_t>(to), bytes, "copy to");
  if (from_device) require_device(reinterpret_cast<uint64_t>(from), bytes, "copy from");
  std::memcpy(to, from, kind == cudaMemcpyDeviceToDevice ? bytes_to_move(bytes) : bytes);
}

}  // namespace
}  // namespace pg::ptx

using pg::ptx::answer;
using pg::ptx::state;

extern "C" {

cudaError_t cudaMalloc(void** p, size_t bytes) {
  return answer(cudaErrorMemoryAllocation, [&] {
    if (state().used + bytes > pg::ptx::profile().memory) return cudaErrorMemoryAllocation;
    const uint64_t address = pg::ptx::allocate(bytes);
    if (address == 0) return cudaErrorMemoryAllocation;
    state().sizes[address] = bytes;
    state().used += bytes;
    *p = reinterpret_cast<void*>(address);
    return cudaSuccess;
  });
}
cudaError_t cudaFree(void* p) {
  if (p == nullptr) return cudaSuccess;
  const auto address = reinterpret_cast<uint64_t>(p);
  if (!pg::ptx::release(address)) return state().last = cudaErrorInvalidValue;
  state().used -= state().sizes[address];
  state().sizes.erase(address);
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** p, size_t bytes) {
  *p = std::malloc(bytes);
  return *p == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
cudaError_t cudaFreeHost(void* p) {
  std::free(p);
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = pg::ptx::profile().memory;
  *free = *total - state().used;
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return answer(cudaErrorInvalidValue, [&] {
    pg::ptx::enqueue(stream, [=] { pg::ptx::copy(to, from, bytes, kind); });
    return cudaSuccess;
  });
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return answer(cudaErrorInvalidValue, [&] {
    pg::ptx::copy(to, from, bytes, kind);
    return cudaSuccess;
  });
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  return answer(cudaErrorInvalidValue, [&] {
    pg::ptx::require_device(reinterpret_cast<uint64_t>(to), bytes, "fill of");
    pg::ptx::enqueue(stream, [=] { std::memset(to, value, pg::ptx::bytes_to_move(bytes)); });
    return cudaSuccess;
  });
}

}  // extern "C"
