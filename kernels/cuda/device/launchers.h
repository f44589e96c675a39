// launchers.h: one function for each kernel of kernels.def, defined in the .cu file of its family.
#pragma once

#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

#define PG_KERNEL(kernel, Args) void kernel(Queue& queue, const Args& args);
#include "kernels/kernels.def"
#undef PG_KERNEL

// What Conv2dInputGradArgs wants of dx behind the convolution (norm, gate), in launches of its own.
inline void finish_input_grad(Queue& queue, const Conv2dInputGradArgs& a) {
  if (a.r) {
    pixel_norm_vjp(queue, {.dy = a.dx, .y = a.gate, .r = a.r, .dx = a.dx, .slope = a.gate_slope});
  } else if (a.gate) {
    leaky_gate(queue, {.x = a.dx, .ref = a.gate, .y = a.dx, .slope = a.gate_slope});
  }
}

}  // namespace pg::cuda
