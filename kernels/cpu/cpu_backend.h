// cpu_backend.h: the CPU as a Backend: direct loops for every kernel, in f64 and f32.
//
// It is the oracle that other devices are compared with, and it trains on machines without a GPU.
// Every kernel gives the same bits at any number of threads (parallel.h). Each member is defined in
// the file of its contract in direct/: conv.cpp, matmul.cpp, pointwise.cpp and so on.
#pragma once

#include <memory>
#include <string>

#include "kernels/backend.h"
#include "kernels/cpu/fast/fast.h"

namespace pg::cpu {

// Cores this process may use, at least 1.
int usable_cores();

class CpuBackend : public Backend {
 public:
  // threads >= 0; 0: one for each core this process may use. Throws UsageError.
  CpuBackend(int threads, CpuPath path);

  const char* name() const override { return "cpu"; }
  std::string description() const override;
  void* allocate(int64_t bytes) override;
  int64_t free_bytes() const override;
  int64_t workspace_bytes() const override { return fast_ ? fast_->bytes() : 0; }
  void release(void* p) noexcept override;
  void upload(TensorView dst, const void* src) override;
  void download(void* dst, ConstTensorView src) override;
  void copy(TensorView dst, ConstTensorView src) override;
  void synchronize() override {}

#define PG_KERNEL(kernel, Args) void kernel(const Args& args) override;
#include "kernels/kernels.def"
#undef PG_KERNEL

 private:
  // The convolution with bias and lrelu, and the input gradient, without the norm and gate.
  void convolve(const Conv2dArgs& args);
  void input_grad(const Conv2dInputGradArgs& args);

  int threads_;
  std::unique_ptr<FastPath> fast_;  // null: direct loops only
};

}  // namespace pg::cpu
