// planning.h: a device that computes nothing and has no memory, on which real work is run to learn
// what it would take.
#pragma once

#include <cstring>

#include "kernels/backend.h"

namespace pg {

// Allocations are addresses that nothing is behind and that never come again; kernels do nothing,
// and what is downloaded is zero. workspace_bytes() is what the kernels called so far would make
// the device hold.
class PlanningBackend : public Backend {
 public:
  // Whether memory that was allocated costs nothing until it is written.
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

// Of the backends that make_cpu_backend and make_cuda_backend give for the same arguments. The
// CUDA one has own kernels in mind (CudaKernels::own): what cuDNN and cuBLASLt would take they
// alone know. It asks the GPU for its properties and throws DeviceError where none answers.
std::unique_ptr<PlanningBackend> make_cpu_planner(int threads = 0, CpuPath path = CpuPath::fast);
std::unique_ptr<PlanningBackend> make_cuda_planner(int device = 0,
                                                   MatrixMath math = MatrixMath::exact);

}  // namespace pg
