// cuda_backend.h: an NVIDIA GPU as a Backend.
//
// Everything is queued on one stream. Each kernel is a launcher of launchers.h, defined in the .cu
// file of its contract; the class hands arguments on, to the alternatives first where it has any.
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
  // device: an index below cuda_device_count(). Throws DeviceError.
  CudaBackend(int device, MatrixMath math, CudaKernels kernels = CudaKernels::own);
  ~CudaBackend() override;

  const char* name() const override { return "cuda"; }
  std::string description() const override;
  void* allocate(int64_t bytes) override;
  int64_t free_bytes() const override;
  int64_t workspace_bytes() const override;  // without that of cuDNN and cuBLASLt
  void release(void* p) noexcept override;
  void upload(TensorView dst, const void* src) override;
  void download(void* dst, ConstTensorView src) override;
  void copy(TensorView dst, ConstTensorView src) override;
  void synchronize() override;
  bool can_capture() const override { return true; }
  void begin_capture() override;
  std::unique_ptr<StepGraph> end_capture() override;

#define PG_KERNEL(kernel, Args) void kernel(const Args& args) override;
#include "kernels/kernels.def"
#undef PG_KERNEL

 private:
  Queue queue_;
  Upload upload_;
  std::unique_ptr<Alternatives> alternatives_;  // null: own kernels alone
};

}  // namespace pg::cuda
