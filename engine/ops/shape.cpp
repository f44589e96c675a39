// shape.cpp: sums, broadcasts, and ops that move elements without changing them.
#include "engine/ops/ops.h"

namespace pg::ops {

Tensor sum_to(const Tensor& x, const Shape& shape, double scale) {
  const Shape& s = x.shape();
  if (shape == s) return scale == 1.0 ? x : affine(x, scale, 0.0);
  const auto fits = [](int64_t from, int64_t to) { return from == to || to == 1; };
  PG_CHECK(fits(s.n, shape.n) && fits(s.h, shape.h) && fits(s.w, shape.w) && fits(s.c, shape.c),
           ShapeError, "sum_to: ", s, " does not sum to ", shape);
  Tensor y(x.context(), shape, acc_of(x.dtype()));
  x.backend().reduce_sum({.x = x.view(), .y = y.mut(), .scale = scale});
  return record(
      "sum_to", {x}, y, [s, scale, dtype = x.dtype()](const Tensor& dy, const Need&) -> Grads {
        return {broadcast_to(convert(scale == 1.0 ? dy : affine(dy, scale, 0.0), dtype), s)};
      });
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return add(x, full(shape, 0.0, x));
}

Tensor mean(const Tensor& x) { return sum_to(x, {}, 1.0 / static_cast<double>(x.numel())); }

Tensor identity(const Tensor& x) {
  return record("identity", {x}, x.alias(x.shape()),
                [](const Tensor& dy, const Need&) -> Grads { return {dy}; });
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  PG_CHECK(shape.numel() == x.numel(), ShapeError, "reshape: ", x.shape(), " and ", shape,
           " hold different numbers of elements");
  return record(
      "reshape", {x}, x.alias(shape),
      [s = x.shape()](const Tensor& dy, const Need&) -> Grads { return {reshape(dy, s)}; });
}

Tensor slice_batch(const Tensor& x, int64_t first, int64_t count) {
  const Shape s = x.shape();
  PG_CHECK(first >= 0 && count >= 1 && first + count <= s.n, ShapeError, "slice_batch: samples ",
           first, " to ", first + count - 1, " are not all in ", s);
  const int64_t sample = s.h * s.w * s.c;
  return record("slice_batch", {x}, x.alias({count, s.h, s.w, s.c}, first * sample),
                [first, total = s.n](const Tensor& dy, const Need&) -> Grads {
                  return {place_batch(dy, first, total)};
                });
}

Tensor place_batch(const Tensor& x, int64_t first, int64_t total) {
  const Shape s = x.shape();
  PG_CHECK(first >= 0 && first + s.n <= total, ShapeError, "place_batch: ", s, " at sample ", first,
           " does not fit ", total, " samples");
  Tensor y = full({total, s.h, s.w, s.c}, 0.0, x);
  copy_into(y.alias(s, first * s.h * s.w * s.c), x);
  return record("place_batch", {x}, y,
                [first, count = s.n](const Tensor& dy, const Need&) -> Grads {
                  return {slice_batch(dy, first, count)};
                });
}

Tensor concat_batch(const Tensor& a, const Tensor& b) {
  const Shape &s = a.shape(), &t = b.shape();
  PG_CHECK(s.h == t.h && s.w == t.w && s.c == t.c, ShapeError, "concat_batch: samples of ", s,
           " and ", t, " differ");
  Tensor y = empty({s.n + t.n, s.h, s.w, s.c}, a);
  copy_into(y.alias(s), a);
  copy_into(y.alias(t, s.numel()), b);
  return record("concat_batch", {a, b}, y,
                [na = s.n, nb = t.n](const Tensor& dy, const Need& need) -> Grads {
                  return {need[0] ? slice_batch(dy, 0, na) : Tensor(),
                          need[1] ? slice_batch(dy, na, nb) : Tensor()};
                });
}

Tensor take_channels(const Tensor& x, int64_t first, int64_t count) {
  const Shape& s = x.shape();
  PG_CHECK(first >= 0 && count >= 1 && first + count <= s.c, ShapeError, "take_channels: channels ",
           first, " to ", first + count - 1, " are not all in ", s);
  Tensor y = empty({s.n, s.h, s.w, count}, x);
  x.backend().copy_channels({.x = x.view(), .y = y.mut(), .x_first = first, .count = count});
  return record("take_channels", {x}, y,
                [first, total = s.c](const Tensor& dy, const Need&) -> Grads {
                  return {place_channels(dy, first, total)};
                });
}

Tensor place_channels(const Tensor& x, int64_t first, int64_t total) {
  const Shape& s = x.shape();
  PG_CHECK(first >= 0 && first + s.c <= total, ShapeError, "place_channels: ", s, " at channel ",
           first, " does not fit ", total, " channels");
  Tensor y = empty({s.n, s.h, s.w, total}, x);
  x.backend().copy_channels({.x = x.view(), .y = y.mut(), .y_first = first, .count = s.c});
  return record("place_channels", {x}, y,
                [first, count = s.c](const Tensor& dy, const Need&) -> Grads {
                  return {take_channels(dy, first, count)};
                });
}

Tensor append_channel(const Tensor& x, const Tensor& s) {
  const Shape& shape = x.shape();
  PG_CHECK((s.shape() == Shape{shape.n, 1, 1, 1}), ShapeError, "append_channel: ", s.shape(),
           " is not one value for each sample of ", shape);
  Tensor y = empty({shape.n, shape.h, shape.w, shape.c + 1}, x);
  x.backend().copy_channels({.x = x.view(), .y = y.mut(), .count = shape.c});
  x.backend().copy_channels(
      {.x = s.view(), .y = y.mut(), .y_first = shape.c, .count = 1, .accumulate = Accumulate::add});
  return record("append_channel", {x, s}, y,
                [c = shape.c, t = s.shape()](const Tensor& dy, const Need& need) -> Grads {
                  return {need[0] ? take_channels(dy, 0, c) : Tensor(),
                          need[1] ? sum_to(take_channels(dy, c, 1), t) : Tensor()};
                });
}

}  // namespace pg::ops
