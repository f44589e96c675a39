// cuda_planning.cpp: a GPU without memory, whose launchers run on a queue that only measures.
#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/device/queue.h"
#include "kernels/cuda/device/upload.h"
#include "kernels/gpu.h"
#include "kernels/planning.h"

namespace pg {
namespace cuda {
namespace {

class CudaPlanning : public PlanningBackend {
 public:
  CudaPlanning(int device, MatrixMath math, const CudaOptions& options)
      : queue_(device, math, QueueUse::measure, options) {}
  CudaPlanning(const GpuModel& gpu, MatrixMath math, const CudaOptions& options,
               LaunchListener listener)
      : queue_({.processors = gpu.processors,
                .smem_per_block = gpu.smem_per_block,
                .listener = std::move(listener)},
               math, options) {}

  const char* name() const override { return "cuda"; }
  std::string description() const override { return "GPU (planning only)"; }
  int64_t workspace_bytes() const override {
    return queue_.workspace_bytes() + upload_.staging_bytes();
  }
  bool backs_on_touch() const override { return false; }

  void upload(TensorView dst, const void* src) override {
    upload_.copy(dst.data, src, bytes_of(dst));
  }

#define PG_KERNEL(kernel, Args) \
  void kernel(const Args& args) override { cuda::kernel(queue_, args); }
#include "kernels/kernels.def"
#undef PG_KERNEL

 private:
  Queue queue_;
  Upload upload_{queue_};
};

}  // namespace
}  // namespace cuda

std::unique_ptr<PlanningBackend> make_cuda_planner(int device, MatrixMath math,
                                                   const CudaOptions& options) {
  check_gpu(device);
  return std::make_unique<cuda::CudaPlanning>(device, math, options);
}

std::unique_ptr<PlanningBackend> make_cuda_planner(const GpuModel& gpu, MatrixMath math,
                                                   const CudaOptions& options,
                                                   LaunchListener listener) {
  return std::make_unique<cuda::CudaPlanning>(gpu, math, options, std::move(listener));
}

}  // namespace pg
