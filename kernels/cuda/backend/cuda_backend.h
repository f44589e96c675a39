// cuda_backend.h: an NVIDIA GPU as a Backend.
//
// Everything is queued on one stream. Each call goes to its launcher of launchers.h, or first to
// KernelChoice if it has other candidates and the backend was asked to use them.
#pragma once

#include <memory>
#include <string>

#include "kernels/backend.h"
#include "kernels/cuda/choice/kernel_choice.h"
#include "kernels/cuda/device/queue.h"
#include "kernels/cuda/device/upload.h"

namespace pg::cuda {

class CudaBackend : public Backend {
 public:
  // device: an index below cuda_device_count().
  CudaBackend(int device, MatrixMath math, CudaKernels kernels = CudaKernels::own,
              const CudaOptions& options = {});
  ~CudaBackend() override;

  const char* name() const override { return "cuda"; }
  std::string description() const override;
  void* allocate(int64_t bytes) override;
  int64_t free_bytes() const override;
  int64_t workspace_bytes() const override;  // excluding cuDNN and cuBLASLt
  void release(void* p) noexcept override;
  void upload(TensorView dst, const void* src) override;
  void download(void* dst, ConstTensorView src) override;
  void copy(TensorView dst, ConstTensorView src) override;
  void synchronize() override;
  bool can_capture() const override { return !queue_.checks_launches(); }
  void begin_capture() override;
  std::unique_ptr<StepGraph> end_capture() override;

  std::vector<Candidate> candidates(const Conv2dArgs& args) override;
  std::vector<Candidate> candidates(const Conv2dInputGradArgs& args) override;
  std::vector<Candidate> candidates(const Conv2dWeightGradArgs& args) override;
  std::vector<Candidate> candidates(const MatmulArgs& args) override;

#define PG_KERNEL(kernel, Args) void kernel(const Args& args) override;
#include "kernels/kernels.def"
#undef PG_KERNEL

 private:
  // Runs a call by its launcher, or if it has other candidates by the chosen one.
  template <typename Args>
  void run(void (*launcher)(Queue&, const Args&), const Args& args);

  Queue queue_;
  Upload upload_;
  std::unique_ptr<KernelChoice> choice_;  // null: own kernels only
};

}  // namespace pg::cuda
