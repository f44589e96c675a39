// norm_and_gate.h: the norm and gate of a convolution as separate launches, for kernels that do not
// fuse them.
#pragma once

#include "kernels/conv.h"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {

// y = gate(norm(y)), each if its tensor is present.
inline void norm_and_gate(Queue& queue, const Conv2dArgs& a) {
  if (a.r) pixel_norm(queue, {.x = a.y, .y = a.y, .r = a.r, .eps = a.norm_eps});
  if (a.gate) leaky_gate(queue, {.x = a.y, .ref = a.gate, .y = a.y, .slope = a.gate_slope});
}

// dx through the gradient of the norm, which includes the gate, or through the gate alone.
inline void norm_and_gate(Queue& queue, const Conv2dInputGradArgs& a) {
  if (a.r) {
    pixel_norm_vjp(queue, {.dy = a.dx, .y = a.gate, .r = a.r, .dx = a.dx, .slope = a.gate_slope});
  } else if (a.gate) {
    leaky_gate(queue, {.x = a.dx, .ref = a.gate, .y = a.dx, .slope = a.gate_slope});
  }
}

}  // namespace pg::cuda
