// conv.cu: launchers of convolution and of its input gradient: which kernel serves which shape.
//
// 1x1 filters to or from at most 4 channels (RGB) are memory-bound and have their own kernels
// (conv_rgb); bf16, and f32 where the queue's math is tf32, use tensor cores (conv_f); f64, exact
// f32 and unusual filters use direct loops (conv_direct), with norm and gate as launches behind.
#include "kernels/cuda/conv/direct/conv_direct.h"
#include "kernels/cuda/conv/filters/conv_form.h"
#include "kernels/cuda/conv/fprop/conv_f.h"
#include "kernels/cuda/conv/rgb/conv_rgb.h"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {

void conv2d(Queue& queue, const Conv2dArgs& args) {
  check_conv(args.x.shape, args.w.shape, args.y.shape, args.geometry);
  PG_ASSERT(!args.gate || args.gate.shape == args.y.shape);
  const bool rgb = conv_rgb_takes(args.w.shape, args.geometry);
  if (!rgb && conv_f_takes(queue, args.x.dtype, args.w.shape, args.geometry)) {
    const ConvProblem problem = ConvProblem::of(args);
    return run_conv_f(queue, problem, default_conv_f(queue, problem));
  }
  Conv2dArgs plain = args;
  plain.r = {};
  if (!rgb || args.r) plain.gate = {};
  rgb ? conv_rgb(queue, plain) : direct_conv2d(queue, plain);
  if (args.r) pixel_norm(queue, {.x = args.y, .y = args.y, .r = args.r, .eps = args.norm_eps});
  if (args.gate && !plain.gate) {
    leaky_gate(queue, {.x = args.y, .ref = args.gate, .y = args.y, .slope = args.gate_slope});
  }
}

void conv2d_input_grad(Queue& queue, const Conv2dInputGradArgs& args) {
  check_conv(args.dx.shape, args.w.shape, args.dy.shape, args.geometry);
  PG_ASSERT(!args.gate || args.gate.shape == args.dx.shape);
  PG_ASSERT(!args.r || (args.gate && args.r.shape.numel() == args.dx.shape.pixels()));
  if (conv_rgb_takes(args.w.shape, args.geometry)) return conv_rgb_input_grad(queue, args);
  if (conv_f_takes(queue, args.dy.dtype, args.w.shape, args.geometry)) {
    const ConvProblem problem = ConvProblem::of(args);
    return run_conv_f(queue, problem, default_conv_f(queue, problem));
  }
  direct_conv2d_input_grad(queue, args);
  finish_input_grad(queue, args);
}

}  // namespace pg::cuda
