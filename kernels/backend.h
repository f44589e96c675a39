// backend.h: the seam between the engine and a device: memory, copies, and one virtual per kernel.
#pragma once

#include <memory>
#include <string>

#include "kernels/conv.h"
#include "kernels/matmul.h"
#include "kernels/norm.h"
#include "kernels/pointwise.h"
#include "kernels/reduce.h"
#include "kernels/resample.h"
#include "kernels/train.h"

namespace pg {

// A device. Work is queued in order; synchronize() waits for it. Kernels assert what engine/ops has
// already checked. Not thread-safe: one thread drives one backend.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual const char* name() const = 0;                       // "cpu", "cuda"
  virtual std::string description() const = 0;                // the device in words, for logs
  virtual void* allocate(int64_t bytes) = 0;                  // 64-byte aligned; throws DeviceError
  virtual void release(void* p) noexcept = 0;                 // of allocate
  virtual void upload(TensorView dst, const void* src) = 0;   // host -> device, dst.numel elements
  virtual void download(void* dst, ConstTensorView src) = 0;  // device -> host, waits
  virtual void copy(TensorView dst,
                    ConstTensorView src) = 0;  // device -> device, same dtype, numel
  virtual void synchronize() = 0;

#define PG_KERNEL(kernel, Args) virtual void kernel(const Args& args) = 0;
#include "kernels/kernels.def"
#undef PG_KERNEL
};

// The CPU backend. threads = 0: one for each core that this process may use. Results do not depend
// on the number of threads. fast = false: direct loops alone, the oracle.
enum class CpuPath : uint8_t { fast, direct };
std::unique_ptr<Backend> make_cpu_backend(int threads = 0, CpuPath path = CpuPath::fast);

}  // namespace pg
