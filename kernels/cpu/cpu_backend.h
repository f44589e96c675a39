// cpu_backend.h: the CPU as a Backend: direct loops for every kernel, in f64 and f32.
//
// It is the oracle that other devices are held against, and on a machine without one it is what
// trains. Every kernel gives the same bits at any number of threads (parallel.h). The members are
// defined in the file of their contract: conv.cpp, matmul.cpp, pointwise.cpp and so on.
#pragma once

#include <memory>
#include <string>

#include "kernels/backend.h"
#include "kernels/cpu/fast/fast.h"

namespace pg::cpu {

// Cores that this process may use.
int usable_cores();

class CpuBackend : public Backend {
 public:
  // threads >= 0; 0: one for each core that this process may use.
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
  // The convolution with bias and lrelu, its input gradient; what is fused behind them follows.
  void convolve(const Conv2dArgs& args);
  void input_grad(const Conv2dInputGradArgs& args);

  int threads_;
  std::unique_ptr<FastPath> fast_;  // null: direct loops alone
};

}  // namespace pg::cpu
