// direct.h: convolution and its gradients on CUDA cores, exact, for any shape and mode.
//
// Tensors of activations f64, f32 or bf16; filters, biases and weight gradients f64 beside f64,
// else f32. Sums in the type of the filters. The fast kernels hand over to these what they do not
// take; they are the oracle, the gradient checks' f64 and what --precision fp32 trains with.
#pragma once

#include "kernels/conv.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

// As Backend::conv2d: bias and lrelu where a bias is given.
void direct_fprop(Queue& queue, const Conv2dArgs& args);
void direct_dgrad(Queue& queue, const Conv2dInputGradArgs& args);
// Overwrites or adds to db too, where given.
void direct_wgrad(Queue& queue, const Conv2dWeightGradArgs& args);

}  // namespace pg::cuda
