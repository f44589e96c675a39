// gpu.h: the GPUs of this machine, and the one error message for a GPU that is not available.
#pragma once

#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/error.h"

namespace pg {

struct Gpu {
  std::string description;  // name, compute capability, memory
  std::string problem;      // why this program cannot use it, else empty
  bool compiles = false;    // the driver compiles the kernels for it when they first run
};

struct GpuSearch {
  std::vector<Gpu> gpus;    // all that the driver lists: cuda:0, cuda:1, ...
  std::string problem;      // why no GPU can be used, else empty
  bool unexpected = false;  // the problem is not simply that there is no driver or no GPU
};

// Uses no GPU: it makes no context and allocates nothing there.
GpuSearch find_gpus();

// The identity of a GPU and its software, and properties that may explain its errors.
struct GpuDetails {
  std::string name, uuid;           // uuid: 32 digits
  std::string compute;              // compute capability, "9.0"
  std::string driver, runtime;      // versions of CUDA: supported by the driver, linked
  int64_t memory = 0;               // bytes
  int processors = 0;               // streaming multiprocessors
  int64_t smem_per_block = 0;       // bytes, the largest dynamic one
  int clock = 0, memory_clock = 0;  // MHz, the highest; 0: unknown
  bool ecc = false;                 // memory corrects errors of single bits

  std::string text() const {
    const auto rate = [](int mhz) { return mhz > 0 ? message(mhz, " MHz") : "unknown"; };
    return message(name, ", compute capability ", compute, ", ", memory >> 30, " GiB, ", processors,
                   " processors, clock ", rate(clock), ", memory clock ", rate(memory_clock),
                   ", ECC ", ecc ? "on" : "off", ", driver for CUDA ", driver, ", runtime ",
                   runtime, ", UUID ", uuid);
  }
};

// Makes no context on the GPU. Throws DeviceError unless the GPU exists and can be used.
GpuDetails gpu_details(int index);

// After a DeviceFailure, once every backend is destroyed: returns the memory that this process
// still holds on the GPU, where the driver still can. This process can use no GPU any more.
void give_up_gpu();

// Throws DeviceError unless GPU `index` (0, 1, ...) exists and can be used.
inline void check_gpu(int index) {
  const GpuSearch found = find_gpus();
  const auto count = static_cast<int>(found.gpus.size());
  PG_CHECK(found.problem.empty(), DeviceError, "no GPU available: ", found.problem,
           "; use --device cpu");
  PG_CHECK(index >= 0 && index < count, DeviceError, "no GPU cuda:", index, "; available: cuda:0",
           count == 1 ? "" : message(" to cuda:", count - 1));
  const std::string& problem = found.gpus[static_cast<size_t>(index)].problem;
  PG_CHECK(problem.empty(), DeviceError, "cuda:", index, " cannot be used: ", problem);
}

}  // namespace pg
