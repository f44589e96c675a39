// conv.cu: launchers of convolution and of its input gradient: which kernel serves which shape.
//
// 1x1 filters to or from at most 4 channels (RGB) are memory-bound and have their own kernels
// (rgb_fprop); bf16, and f32 where the queue's math is tf32, use tensor cores (fprop); f64, exact
// f32 and unusual filters use direct loops (direct), with norm and gate as launches behind.
#include "kernels/cuda/conv/direct/direct.h"
#include "kernels/cuda/conv/filters/taps.h"
#include "kernels/cuda/conv/fprop/fprop.h"
#include "kernels/cuda/conv/rgb/rgb_fprop.h"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {

void conv2d(Queue& queue, const Conv2dArgs& args) {
  check_conv(args.x.shape, args.w.shape, args.y.shape, args.geometry);
  PG_ASSERT(!args.gate || args.gate.shape == args.y.shape);
  const bool rgb = rgb_supports(args.w.shape, args.geometry);
  if (!rgb && fprop_supports(queue, args.x.dtype, args.w.shape, args.geometry)) {
    const FpropProblem problem = FpropProblem::of(args);
    return run_fprop(queue, problem, default_fprop(queue, problem));
  }
  Conv2dArgs plain = args;
  plain.r = {};
  if (!rgb || args.r) plain.gate = {};
  rgb ? rgb_fprop(queue, plain) : direct_fprop(queue, plain);
  if (args.r) pixel_norm(queue, {.x = args.y, .y = args.y, .r = args.r, .eps = args.norm_eps});
  if (args.gate && !plain.gate) {
    leaky_gate(queue, {.x = args.y, .ref = args.gate, .y = args.y, .slope = args.gate_slope});
  }
}

void conv2d_input_grad(Queue& queue, const Conv2dInputGradArgs& args) {
  check_conv(args.dx.shape, args.w.shape, args.dy.shape, args.geometry);
  PG_ASSERT(!args.gate || args.gate.shape == args.dx.shape);
  PG_ASSERT(!args.r || (args.gate && args.r.shape.numel() == args.dx.shape.pixels()));
  if (rgb_supports(args.w.shape, args.geometry)) return rgb_dgrad(queue, args);
  if (fprop_supports(queue, args.dy.dtype, args.w.shape, args.geometry)) {
    const FpropProblem problem = FpropProblem::of(args);
    return run_fprop(queue, problem, default_fprop(queue, problem));
  }
  direct_dgrad(queue, args);
  finish_input_grad(queue, args);
}

}  // namespace pg::cuda
