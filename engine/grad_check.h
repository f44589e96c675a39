// grad_check.h: whether a gradient is finite, and its norm.
#pragma once

#include "engine/tensor.h"

namespace pg {

// What a check finds.
struct GradStats {
  bool finite = true;
  double norm = 0.0;       // Euclidean; of a step: over the parameters in use
  int64_t first_bad = -1;  // norm_of alone: the first element that is not finite
};

// The first step since first_bad was cleared whose gradient was not finite.
struct FirstBad {
  bool found = false;
  int64_t steps_ago = 0;  // 0: the last step
  int64_t element = 0;    // first such element of the gradient buffer
};

// Queues the check of g; GradCheckArgs says what it writes. Does not wait.
void check_gradient(const Tensor& g, const Tensor& stats, const Tensor& t, const Tensor& first_bad);

// Of any tensor of f32 or f64; waits for the device.
GradStats norm_of(const Tensor& x);

}  // namespace pg
