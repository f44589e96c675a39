// backend.h: the interface of a device: memory, copies, and one virtual function per kernel.
#pragma once

#include <limits>
#include <memory>
#include <string>

#include "kernels/adam.h"
#include "kernels/broadcast.h"
#include "kernels/candidate.h"
#include "kernels/choices.h"
#include "kernels/conv.h"
#include "kernels/grad_check.h"
#include "kernels/images.h"
#include "kernels/matmul.h"
#include "kernels/mean_loss.h"
#include "kernels/pixel_norm.h"
#include "kernels/pointwise.h"
#include "kernels/random.h"
#include "kernels/reduce.h"
#include "kernels/resample.h"
#include "kernels/scalars.h"
#include "kernels/stddev.h"
#include "kernels/tensor_kernels.h"

namespace pg {

// Work captured once that runs again as a whole (a CUDA graph): the same kernels on the same
// addresses, with the current contents of memory. Must not outlive its backend.
class StepGraph {
 public:
  virtual ~StepGraph() = default;
  virtual void replay() = 0;
};

// A device. Work is queued in order; synchronize() waits for it. Kernels only assert the shapes and
// types that engine/ops has checked. Not thread-safe: one thread uses one backend.
class Backend {
 public:
  static constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

  virtual ~Backend() = default;

  virtual const char* name() const = 0;                       // "cpu", "cuda"
  virtual std::string description() const = 0;                // of the device, for logs
  virtual void* allocate(int64_t bytes) = 0;                  // 64-byte aligned; OutOfMemoryError
  virtual int64_t free_bytes() const { return kUnlimited; }   // still available
  virtual int64_t workspace_bytes() const { return 0; }       // held by kernels
  virtual void release(void* p) noexcept = 0;                 // memory from allocate()
  virtual void upload(TensorView dst, const void* src) = 0;   // host -> device, dst.numel elements
  virtual void download(void* dst, ConstTensorView src) = 0;  // device -> host, waits
  virtual void copy(TensorView dst,
                    ConstTensorView src) = 0;  // device -> device, same dtype, numel
  virtual void synchronize() = 0;

  // Between begin_capture() and end_capture(), kernels and copies within the device are recorded
  // instead of run; allocations, uploads and downloads are errors. Only capture work that has run
  // before, so that its scratch memory and choices of algorithms exist.
  virtual bool can_capture() const { return false; }
  virtual void begin_capture() { PG_ASSERT(can_capture()); }
  virtual std::unique_ptr<StepGraph> end_capture() { return nullptr; }

  // All kernels on tensor cores that compute a call, each by itself, for checks and benchmarks;
  // none on a CPU. Of the operands, only shapes, types and alignment matter before a candidate
  // runs.
  virtual std::vector<Candidate> candidates(const Conv2dArgs&) { return {}; }
  virtual std::vector<Candidate> candidates(const Conv2dInputGradArgs&) { return {}; }
  virtual std::vector<Candidate> candidates(const Conv2dWeightGradArgs&) { return {}; }
  virtual std::vector<Candidate> candidates(const MatmulArgs&) { return {}; }

#define PG_KERNEL(kernel, Args) virtual void kernel(const Args& args) = 0;
#include "kernels/kernels.def"
#undef PG_KERNEL
};

// The CPU backend. threads = 0: one for each core this process may use. Results do not depend
// on the number of threads.
std::unique_ptr<Backend> make_cpu_backend(int threads = 0, CpuPath path = CpuPath::fast);

// The number of usable GPUs; 0 with a reason (no driver, no GPU, built without CUDA). gpu.h tells
// more about them.
int cuda_device_count(std::string* reason = nullptr);
// The CUDA backend on one of them. Throws DeviceError.
std::unique_ptr<Backend> make_cuda_backend(int device = 0, MatrixMath math = MatrixMath::exact,
                                           CudaKernels kernels = CudaKernels::own,
                                           const CudaOptions& options = {});

}  // namespace pg
