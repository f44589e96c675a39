// cuda_planning.cpp: a GPU without memory, whose launchers run on a queue that only measures.
#include <algorithm>
#include <array>

#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/device/queue.h"
#include "kernels/gpu.h"
#include "kernels/planning.h"

namespace pg {
namespace cuda {
namespace {

class CudaPlanning : public PlanningBackend {
 public:
  CudaPlanning(int device, MatrixMath math, const CudaOptions& options)
      : queue_(device, math, QueueUse::measure, options) {}
  CudaPlanning(const GpuModel& gpu, MatrixMath math, const CudaOptions& options)
      : queue_({.processors = gpu.processors, .smem_per_block = gpu.smem_per_block}, math,
               options) {}

  const char* name() const override { return "cuda"; }
  std::string description() const override { return "GPU (planning only)"; }
  int64_t workspace_bytes() const override {
    return queue_.workspace_bytes() + staging_[0] + staging_[1] + kSmall * small_slots_;
  }
  bool backs_on_touch() const override { return false; }

  // The memory of Upload: two alternating slots for images, up to 32 slots for numbers.
  void upload(TensorView dst, const void*) override {
    const int64_t bytes = bytes_of(dst);
    if (bytes <= kSmall) {
      small_slots_ = std::min<int64_t>(small_slots_ + 1, 32);
      return;
    }
    int64_t& slot = staging_[next_++ % staging_.size()];
    slot = std::max(slot, bytes);
  }

#define PG_KERNEL(kernel, Args) \
  void kernel(const Args& args) override { cuda::kernel(queue_, args); }
#include "kernels/kernels.def"
#undef PG_KERNEL

 private:
  static constexpr int64_t kSmall = 4096;

  Queue queue_;
  std::array<int64_t, 2> staging_{};
  size_t next_ = 0;
  int64_t small_slots_ = 0;
};

}  // namespace
}  // namespace cuda

std::unique_ptr<PlanningBackend> make_cuda_planner(int device, MatrixMath math,
                                                   const CudaOptions& options) {
  check_gpu(device);
  return std::make_unique<cuda::CudaPlanning>(device, math, options);
}

std::unique_ptr<PlanningBackend> make_cuda_planner(const GpuModel& gpu, MatrixMath math,
                                                   const CudaOptions& options) {
  return std::make_unique<cuda::CudaPlanning>(gpu, math, options);
}

}  // namespace pg
