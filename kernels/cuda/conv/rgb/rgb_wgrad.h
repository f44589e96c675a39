// rgb_wgrad.h: the weight gradient of the layers from and to RGB, bound by memory bandwidth.
#pragma once

#include "kernels/conv.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

// Whether the filter is 1x1 with 1 or 3 channels on one side, and whole packs of f32 or bf16
// channels on the other.
bool rgb_wgrad_supports(const Conv2dWeightGradArgs& args);
void rgb_wgrad(Queue& queue, const Conv2dWeightGradArgs& args);

}  // namespace pg::cuda
