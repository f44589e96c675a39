// scalars.h: contract of the sums of single numbers, kept on the device.
#pragma once

#include <array>

#include "kernels/tensor_view.h"

namespace pg {

// sums[i] += x[i] for i < count, where each x[i] is one number anywhere on the device: collects
// the statistics of an iteration without waiting for it.
struct AddScalarsArgs {
  static constexpr int64_t kMost = 12;
  std::array<ConstTensorView, kMost> x{};  // f32 or f64, one element each
  int64_t count = 0;                       // 1 to kMost
  TensorView sums;                         // f64 [1, 1, 1, count]
};

}  // namespace pg
