// reduce.cpp: sums over extents.
#include "engine/ops/ops.h"

namespace pg::ops {

Tensor sum_to(const Tensor& x, const Shape& shape, double scale) {
  const Shape& s = x.shape();
  if (shape == s) return scale == 1.0 ? x : affine(x, scale, 0.0);
  const auto fits = [](int64_t from, int64_t to) { return from == to || to == 1; };
  PG_CHECK(fits(s.n, shape.n) && fits(s.h, shape.h) && fits(s.w, shape.w) && fits(s.c, shape.c),
           ShapeError, "sum_to: cannot sum ", s, " to ", shape);
  Tensor y(x.context(), shape, acc_of(x.dtype()));
  x.backend().reduce_sum({.x = x.view(), .y = y.mutable_view(), .scale = scale});
  return record(
      "sum_to", {x}, y, [s, scale, dtype = x.dtype()](const Tensor& dy, const Need&) -> Grads {
        return {broadcast_to(convert(scale == 1.0 ? dy : affine(dy, scale, 0.0), dtype), s)};
      });
}

Tensor mean(const Tensor& x) { return sum_to(x, {}, 1.0 / static_cast<double>(x.numel())); }

}  // namespace pg::ops
