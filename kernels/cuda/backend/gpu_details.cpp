// gpu_details.cpp: the identity and state of a GPU, for reports and for results kept about it.
#include <cuda_runtime.h>

#include "kernels/cuda/device/cuda_check.h"
#include "kernels/gpu.h"

namespace pg {
namespace {

std::string version_text(int version) { return message(version / 1000, ".", version % 1000 / 10); }

// 0 if the driver does not tell.
int attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  if (cudaDeviceGetAttribute(&value, which, device) == cudaSuccess) return value;
  cudaGetLastError();
  return 0;
}

std::string hex(const char* bytes, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += "0123456789abcdef"[byte / 16];
    text += "0123456789abcdef"[byte % 16];
  }
  return text;
}

}  // namespace

GpuDetails gpu_details(int index) {
  check_gpu(index);
  cudaDeviceProp gpu{};
  PG_CUDA(cudaGetDeviceProperties(&gpu, index));
  int driver = 0, runtime = 0;
  PG_CUDA(cudaDriverGetVersion(&driver));
  PG_CUDA(cudaRuntimeGetVersion(&runtime));
  constexpr int kKilohertz = 1000;  // in a megahertz
  return {.name = gpu.name,
          .uuid = hex(gpu.uuid.bytes, sizeof gpu.uuid.bytes),
          .compute = message(gpu.major, ".", gpu.minor),
          .driver = version_text(driver),
          .runtime = version_text(runtime),
          .memory = static_cast<int64_t>(gpu.totalGlobalMem),
          .processors = gpu.multiProcessorCount,
          .smem_per_block = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, index),
          .clock = attribute(cudaDevAttrClockRate, index) / kKilohertz,
          .memory_clock = attribute(cudaDevAttrMemoryClockRate, index) / kKilohertz,
          .ecc = attribute(cudaDevAttrEccEnabled, index) != 0};
}

}  // namespace pg
