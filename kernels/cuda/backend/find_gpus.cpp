// find_gpus.cpp: lists GPUs and tells which of them this program can use, and why not the others.
#include <cuda_runtime.h>

#include "kernels/cuda/backend/machine_code.h"
#include "kernels/cuda/device/explain.h"
#include "kernels/gpu.h"

namespace pg {
namespace {

constexpr int kOldestMajor = 8;  // of compute capabilities: Ampere
constexpr int kMajor = CUDART_VERSION / 1000;
constexpr int kOldestDriver = kMajor >= 13 ? 580 : 525;  // that supports this version of CUDA

std::string problem_of(const cudaDeviceProp& gpu, cuda::MachineCode code) {
  const std::string is = message(gpu.name, " has compute capability ", gpu.major, ".", gpu.minor);
  if (gpu.major < kOldestMajor) {
    return message(is, ", but this program needs ", kOldestMajor, ".0 (Ampere) or newer");
  }
  if (code == cuda::MachineCode::missing)
    return message(is, ", which this program was not built for");
  return "";
}

std::string sentence(cudaError_t status) {
  const cuda::Explanation e = cuda::explain(status);
  return e.happened + "; " + e.advice;
}

Gpu describe(int device) {
  cudaDeviceProp gpu{};
  const cudaError_t status = cudaGetDeviceProperties(&gpu, device);
  if (status != cudaSuccess) {
    cudaGetLastError();
    const std::string problem = message("its properties are unknown: ", sentence(status));
    return {.description = problem, .problem = problem};
  }
  const cuda::MachineCode code = cuda::machine_code({gpu.major, gpu.minor});
  return {.description = message(gpu.name, ", compute capability ", gpu.major, ".", gpu.minor, ", ",
                                 gpu.totalGlobalMem >> 30, " GiB"),
          .problem = problem_of(gpu, code),
          .compiles = code == cuda::MachineCode::compiled_by_driver};
}

// Why CUDA lists no GPU.
GpuSearch none(cudaError_t status) {
  if (status == cudaErrorNoDevice) return {.gpus = {}, .problem = "the driver reports none"};
  int version = 0;
  if (status != cudaErrorInsufficientDriver) {
    return {.gpus = {}, .problem = sentence(status), .unexpected = true};
  }
  if (cudaDriverGetVersion(&version) != cudaSuccess || version == 0) {
    return {.gpus = {}, .problem = "no NVIDIA driver is installed"};
  }
  return {.gpus = {},
          .problem = message(
              "the NVIDIA driver supports CUDA ", version / 1000, ".", version % 1000 / 10,
              ", but this program needs CUDA ", kMajor, ".0; install driver ", kOldestDriver,
              " or newer, or the package cuda-compat-", kMajor, "-0 on a data center GPU"),
          .unexpected = true};
}

}  // namespace

GpuSearch find_gpus() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (status != cudaSuccess || count == 0) {
    return none(status == cudaSuccess ? cudaErrorNoDevice : status);
  }
  GpuSearch found;
  bool usable = false;
  for (int i = 0; i < count; ++i) {
    found.gpus.push_back(describe(i));
    usable = usable || found.gpus.back().problem.empty();
  }
  if (!usable) {
    found.problem = found.gpus.front().problem;
    found.unexpected = true;
  }
  return found;
}

int cuda_device_count(std::string* reason) {
  const GpuSearch found = find_gpus();
  if (reason != nullptr) *reason = found.problem;
  int usable = 0;
  for (const Gpu& gpu : found.gpus) usable += gpu.problem.empty() ? 1 : 0;
  return usable;
}

}  // namespace pg
