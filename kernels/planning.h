// planning.h: a device without memory that computes nothing; running real work on it measures the
// memory that the work would need.
#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <string>

#include "kernels/backend.h"

namespace pg {

// Allocations return addresses without memory, never the same one twice; kernels do nothing, and
// downloads give zeros. workspace_bytes() is the memory the device would hold for the kernels
// called so far.
class PlanningBackend : public Backend {
 public:
  // Whether allocated memory takes no space until it is written.
  virtual bool backs_on_touch() const = 0;

  void* allocate(int64_t bytes) override {
    constexpr uintptr_t kUnit = uintptr_t{1} << 20;
    void* const p = reinterpret_cast<void*>(next_);
    next_ += (static_cast<uintptr_t>(bytes) / kUnit + 2) * kUnit;
    return p;
  }
  void release(void*) noexcept override {}
  void upload(TensorView, const void*) override {}
  void download(void* dst, ConstTensorView src) override {
    std::memset(dst, 0, static_cast<size_t>(bytes_of(src)));
  }
  void copy(TensorView, ConstTensorView) override {}
  void synchronize() override {}

#define PG_KERNEL(kernel, Args) \
  void kernel(const Args&) override {}
#include "kernels/kernels.def"
#undef PG_KERNEL

 private:
  uintptr_t next_ = uintptr_t{1} << 40;
};

// A launch that a planner did not make.
struct PlannedLaunch {
  const void* kernel = nullptr;  // its host function, which the program's symbol table names
  std::array<int64_t, 3> grid{1, 1, 1};  // blocks
  int64_t threads = 0, smem = 0;         // of a block; bytes of dynamic shared memory
};
using LaunchListener = std::function<void(const PlannedLaunch&)>;

// Planning for make_cpu_backend and make_cuda_backend with the same arguments. The CUDA planner
// assumes CudaKernels::own, since the needs of cuDNN and cuBLASLt are known only to them. It
// queries the GPU's properties and throws DeviceError without a usable GPU.
std::unique_ptr<PlanningBackend> make_cpu_planner(int threads = 0, CpuPath path = CpuPath::fast);
std::unique_ptr<PlanningBackend> make_cuda_planner(int device = 0,
                                                   MatrixMath math = MatrixMath::exact,
                                                   const CudaOptions& options = {});

// Properties of a GPU that decide the working memory of its kernels, and its memory.
struct GpuModel {
  std::string name;
  int processors = 0;          // streaming multiprocessors
  int64_t smem_per_block = 0;  // bytes, the largest dynamic one
  int64_t memory = 0;          // bytes
};

// The same for a GPU that need not exist; the listener, if there is one, receives every launch that
// the kernels called would make there. Throws DeviceError if the program was built without CUDA.
std::unique_ptr<PlanningBackend> make_cuda_planner(const GpuModel& gpu, MatrixMath math,
                                                   const CudaOptions& options = {},
                                                   LaunchListener listener = {});

}  // namespace pg
