// random.h: contract of the random number kernels; philox.h has the generator.
#pragma once

#include "kernels/tensor_view.h"

namespace pg {

// y[i] = the i-th number of the stream (seed, stream) from position counter[0] + offset (philox.h),
// normal N(0, 1) or uniform in [0, 1). The caller advances the counter by philox_blocks(count).
// The bits are the same on every device; f64 outputs hold the f32 values.
struct PhiloxArgs {
  TensorView y;             // f64 or f32
  ConstTensorView counter;  // u64 [1, 1, 1, 1] in device memory
  uint64_t seed = 0;
  uint64_t stream = 0;
  uint64_t offset = 0;  // of this draw; the draws of an iteration share a counter
};

}  // namespace pg
