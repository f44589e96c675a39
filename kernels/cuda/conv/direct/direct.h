// direct.h: convolution and its gradients on CUDA cores, exact, for any shape and mode.
//
// Activations are f64, f32 or bf16; filters, biases and weight gradients are f64 beside f64, else
// f32. Sums have the type of the filters. These kernels compute every call that the fast ones do
// not support; they are the oracle, run the gradient checks in f64, and train with --precision
// fp32.
#pragma once

#include "kernels/conv.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

// As Backend::conv2d and its gradients.
void direct_fprop(Queue& queue, const Conv2dArgs& args);
void direct_dgrad(Queue& queue, const Conv2dInputGradArgs& args);
void direct_wgrad(Queue& queue, const Conv2dWeightGradArgs& args);

}  // namespace pg::cuda
