// reduce.cpp: sums over extents.
#include "engine/ops/ops.h"

namespace pg::ops {

Tensor sum_to(const Tensor& x, const Shape& shape, double scale, Destination* into) {
  const Shape& s = x.shape();
  if (shape == s) return scale == 1.0 ? x : affine(x, scale, 0.0);
  const auto fits = [](int64_t from, int64_t to) { return from == to || to == 1; };
  PG_CHECK(fits(s.n, shape.n) && fits(s.h, shape.h) && fits(s.w, shape.w) && fits(s.c, shape.c),
           ShapeError, "sum_to: cannot sum ", s, " to ", shape);
  // Not added to a filled one, which would round once where the sum of two gradients rounds twice.
  const bool direct =
      into != nullptr && into->tensor && !into->filled && x.context().tape() == nullptr;
  Tensor y = direct ? into->tensor : Tensor(x.context(), shape, acc_of(x.dtype()));
  x.backend().reduce_sum({.x = x.view(), .y = y.mutable_view(), .scale = scale});
  if (direct) {
    into->filled = true;
    return {};
  }
  return record(
      "sum_to", {x}, y, [s, scale, dtype = x.dtype()](const Tensor& dy, const Need&) -> Grads {
        return {broadcast_to(convert(scale == 1.0 ? dy : affine(dy, scale, 0.0), dtype), s)};
      });
}

Tensor mean(const Tensor& x) { return sum_to(x, {}, 1.0 / static_cast<double>(x.numel())); }

Tensor sum_squares(const Tensor& x) {
  const Shape samples{x.shape().n, 1, 1, 1};
  Tensor y(x.context(), samples, acc_of(x.dtype()));
  x.backend().sum_squares({.x = x.view(), .y = y.mutable_view()});
  return record_fused(
      "sum_squares", {x}, y,
      [samples](const std::vector<Tensor>& in) { return sum_to(square(in[0]), samples); },
      [x](const Tensor& dy, const Need&) -> Grads { return {scaled(x, affine(dy, 2.0, 0.0))}; });
}

}  // namespace pg::ops
