// machine.h: the device under test and what it is compared with.
#pragma once

#include <memory>
#include <optional>

#include "engine/tensor.h"
#include "kernels/backend.h"
#include "model/device/device_choice.h"

namespace pg::selftest {

// The device under test, opened when a check first needs it.
class Machine {
 public:
  Machine(const DeviceChoice& device, TensorKernels left_out)
      : device_(device), left_out_(left_out) {}

  bool is_gpu() const { return device_.cuda; }
  const DeviceChoice& device() const { return device_; }

  // Families that have failed; checks of whole networks do without them.
  TensorKernels left_out() const { return left_out_; }
  void leave_out(TensorKernels families);

  // Without any tensor-core kernel, in exact f32; the fast f32 path of a CPU. Both name the kernel
  // of an error.
  Backend& exact();
  // All tensor-core kernels (only of a GPU).
  Backend& tensor();
  // A new backend as training uses it, without the families that have failed.
  std::unique_ptr<Backend> training(MatrixMath math) const;
  // The CPU's direct loops.
  Backend& oracle();

  Context& exact_context();
  Context& oracle_context();

 private:
  DeviceChoice device_;
  TensorKernels left_out_;
  std::unique_ptr<Backend> exact_, tensor_, oracle_;
  std::optional<Context> exact_context_, oracle_context_;
};

// Small blocks, since tensors are: an emulator fills what it allocates.
inline constexpr ArenaBlocks kSmallBlocks{.persistent = 1 << 20, .step = 4 << 20};

}  // namespace pg::selftest
