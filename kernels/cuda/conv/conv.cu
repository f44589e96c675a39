// conv.cu: launchers of convolution and its gradients: they choose the kernel family of each call.
//
// 1x1 filters from or to at most 4 channels (RGB) are memory-bound and have kernels of their own
// (rgb); bf16, and f32 if the queue's math is tf32, use tensor cores (fprop, wgrad); f64, exact f32
// and unusual filters use direct loops (direct). Each family applies norm and gate itself.
#include "kernels/cuda/conv/direct/direct.h"
#include "kernels/cuda/conv/filters/taps.h"
#include "kernels/cuda/conv/fprop/fprop.h"
#include "kernels/cuda/conv/rgb/rgb_fprop.h"
#include "kernels/cuda/conv/rgb/rgb_wgrad.h"
#include "kernels/cuda/conv/wgrad/wgrad.h"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {
namespace {

// False: no candidate on tensor cores, all of them are skipped.
template <typename Args>
bool runs_on_tensor_cores(Queue& queue, const Args& args, DType dtype) {
  if (!fprop_supports(queue, dtype, args.w.shape, args.geometry)) return false;
  const FpropProblem problem = FpropProblem::of(args);
  const int candidate = default_fprop(queue, problem);
  if (candidate >= 0) run_fprop(queue, problem, candidate);
  return candidate >= 0;
}

}  // namespace

void conv2d(Queue& queue, const Conv2dArgs& args) {
  check_conv(args.x.shape, args.w.shape, args.y.shape, args.geometry);
  PG_ASSERT(!args.gate || args.gate.shape == args.y.shape);
  if (rgb_supports(args.w.shape, args.geometry)) return rgb_fprop(queue, args);
  if (!runs_on_tensor_cores(queue, args, args.x.dtype)) direct_fprop(queue, args);
}

void conv2d_input_grad(Queue& queue, const Conv2dInputGradArgs& args) {
  check_conv(args.dx.shape, args.w.shape, args.dy.shape, args.geometry);
  PG_ASSERT(!args.gate || args.gate.shape == args.dx.shape);
  PG_ASSERT(!args.r || (args.gate && args.r.shape.numel() == args.dx.shape.pixels()));
  if (rgb_supports(args.w.shape, args.geometry)) return rgb_dgrad(queue, args);
  if (!runs_on_tensor_cores(queue, args, args.dy.dtype)) direct_dgrad(queue, args);
}

void conv2d_weight_grad(Queue& queue, const Conv2dWeightGradArgs& args) {
  check_conv(args.x.shape, args.dw.shape, args.dy.shape, args.geometry);
  check_extents(args.x.shape);
  check_extents(args.dy.shape);
  PG_ASSERT(!args.db || args.db.shape.numel() == args.dy.shape.c);
  if (rgb_wgrad_supports(args)) return rgb_wgrad(queue, args);
  if (wgrad_supports(queue, args)) {
    const auto candidates = wgrad_candidates(queue, wgrad_problem(args));
    if (!candidates.empty()) return run_wgrad(queue, args, candidates.front());
  }
  direct_wgrad(queue, args);
}

}  // namespace pg::cuda
