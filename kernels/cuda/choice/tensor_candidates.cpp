// tensor_candidates.cpp: lists the tiles and strips of each family.
#include "kernels/cuda/choice/tensor_candidates.h"

#include "kernels/cuda/conv/fprop/fprop.h"
#include "kernels/cuda/conv/rgb/rgb_fprop.h"
#include "kernels/cuda/conv/rgb/rgb_wgrad.h"
#include "kernels/cuda/conv/wgrad/wgrad.h"
#include "kernels/cuda/device/launchers.h"
#include "kernels/shapes.h"

namespace pg::cuda {
namespace {

std::string named(TensorKernels family, const std::string& tile) {
  return message(family.text(), ", ", tile);
}

template <typename Args>
std::vector<Candidate> fprop_list(Queue& queue, const Args& args, DType dtype) {
  std::vector<Candidate> list;
  const Shape& w = args.w.shape;
  if (rgb_supports(w, args.geometry) || !fprop_supports(queue, dtype, w, args.geometry)) {
    return list;
  }
  for (const FpropCandidate& c : fprop_candidates(queue, FpropProblem::of(args))) {
    const bool strip = std::string_view(c.name) == "strip";
    const TensorKernels family(strip ? TensorFamily::strips : TensorFamily::fprop,
                               tensor_type(dtype));
    list.push_back(
        {.name = strip ? family.text() : named(family, c.name),
         .family = family,
         .run = [&queue, args, i = c.index] { run_fprop(queue, FpropProblem::of(args), i); }});
  }
  return list;
}

}  // namespace

std::vector<Candidate> tensor_candidates(Queue& queue, const Conv2dArgs& args) {
  return fprop_list(queue, args, args.x.dtype);
}

std::vector<Candidate> tensor_candidates(Queue& queue, const Conv2dInputGradArgs& args) {
  return fprop_list(queue, args, args.dy.dtype);
}

std::vector<Candidate> tensor_candidates(Queue& queue, const Conv2dWeightGradArgs& args) {
  std::vector<Candidate> list;
  if (rgb_wgrad_supports(args) || !wgrad_supports(queue, args)) return list;
  const TensorKernels family(TensorFamily::wgrad, tensor_type(args.dy.dtype));
  for (const WgradCandidate& c : wgrad_candidates(queue, wgrad_problem(args))) {
    const WgradTile& t = kWgradTiles[c.tile];
    list.push_back(
        {.name = named(family, message(t.channels_a(), "x", t.channels_b(), " channels of ",
                                       t.taps_h, "x", t.taps_w, " taps, ", c.chunks, " chunks")),
         .family = family,
         .run = [&queue, args, c] { run_wgrad(queue, args, c); }});
  }
  return list;
}

// One tile serves all shapes, except products of a matrix and a vector.
std::vector<Candidate> tensor_candidates(Queue& queue, const MatmulArgs& args) {
  const MatmulExtents e = matmul_extents(args);
  bool bf16 = false;
  for (const DType t : {args.a.dtype, args.b.dtype, args.y.dtype}) {
    if (t == DType::f64) return {};
    bf16 = bf16 || t == DType::bf16;
  }
  const DType type = bf16 ? DType::bf16 : DType::f32;
  const bool tensor = bf16 || queue.math() == MatrixMath::tf32;
  if (!tensor || !queue.uses(TensorFamily::matmul, type) || e.rows == 1 || e.columns == 1) {
    return {};
  }
  const TensorKernels family(TensorFamily::matmul, tensor_type(type));
  return {
      {.name = family.text(), .family = family, .run = [&queue, args] { matmul(queue, args); }}};
}

}  // namespace pg::cuda
