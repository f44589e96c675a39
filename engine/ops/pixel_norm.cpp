// pixel_norm.cpp: pixelwise normalisation: a fast kernel, and the composition that replaces it.
#include <vector>

#include "engine/ops/ops.h"

namespace pg::ops {
namespace {

// x / sqrt(mean over channels of x^2 + eps)
Tensor pixel_norm_composition(const Tensor& x, double eps) {
  const Shape& s = x.shape();
  const Tensor mean_square = sum_to(square(x), {s.n, s.h, s.w, 1}, 1.0 / static_cast<double>(s.c));
  return div(x, sqrt(affine(mean_square, 1.0, eps)));
}

}  // namespace

Tensor pixel_norm(const Tensor& x, double eps) {
  const Shape& s = x.shape();
  Tensor y = empty_like(x), r(x.context(), {s.n, s.h, s.w, 1}, acc_of(x.dtype()));
  x.backend().pixel_norm({.x = x.view(), .y = y.mutable_view(), .r = r.mutable_view(), .eps = eps});
  return record_fused(
      "pixel_norm", {x}, y,
      [eps](const std::vector<Tensor>& in) { return pixel_norm_composition(in[0], eps); },
      [y, r](const Tensor& dy, const Need&) -> Grads { return {pixel_norm_vjp(dy, y, r, 1.0)}; });
}

Tensor pixel_norm_vjp(const Tensor& dy, const Tensor& y, const Tensor& r, double slope) {
  Tensor dx = empty_like(dy);
  dy.backend().pixel_norm_vjp(
      {.dy = dy.view(), .y = y.view(), .r = r.view(), .dx = dx.mutable_view(), .slope = slope});
  return dx;
}

}  // namespace pg::ops
