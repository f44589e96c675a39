// grad_check.h: finiteness and norm of a gradient.
#pragma once

#include "engine/tensor.h"

namespace pg {

// Result of a check.
struct GradStats {
  bool finite = true;
  double norm = 0.0;       // Euclidean; after a step: over the parameters in use
  int64_t first_bad = -1;  // first element that is not finite; set only by norm_of
};

// The first step with a gradient that was not finite, since first_bad was cleared.
struct FirstBad {
  bool found = false;
  int64_t steps_ago = 0;  // 0: the last step
  int64_t element = 0;    // first such element of the gradient buffer
};

// Queues the check of g, with the outputs of GradCheckArgs. Does not wait for the device.
void check_gradient(const Tensor& g, const Tensor& stats, const Tensor& t, const Tensor& first_bad);

// Checks any f32 or f64 tensor; waits for the device.
GradStats norm_of(const Tensor& x);

}  // namespace pg
