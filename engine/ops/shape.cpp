// shape.cpp: ops that view or copy elements without changing them; they call no kernel.
#include "engine/ops/check_same.h"
#include "engine/ops/ops.h"

namespace pg::ops {

Tensor identity(const Tensor& x) {
  return record("identity", {x}, x.alias(x.shape()),
                [](const Tensor& dy, const Need&) -> Grads { return {dy}; });
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  PG_CHECK(shape.numel() == x.numel(), ShapeError, "reshape: ", x.shape(), " and ", shape,
           " have different numbers of elements");
  return record(
      "reshape", {x}, x.alias(shape),
      [s = x.shape()](const Tensor& dy, const Need&) -> Grads { return {reshape(dy, s)}; });
}

Tensor slice_batch(const Tensor& x, int64_t first, int64_t count) {
  const Shape s = x.shape();
  PG_CHECK(first >= 0 && count >= 1 && first + count <= s.n, ShapeError, "slice_batch: samples ",
           first, " to ", first + count - 1, " exceed ", s);
  const int64_t sample = s.h * s.w * s.c;
  return record("slice_batch", {x}, x.alias({count, s.h, s.w, s.c}, first * sample),
                [first, total = s.n](const Tensor& dy, const Need&) -> Grads {
                  return {place_batch(dy, first, total)};
                });
}

Tensor place_batch(const Tensor& x, int64_t first, int64_t total) {
  const Shape s = x.shape();
  PG_CHECK(first >= 0 && first + s.n <= total, ShapeError, "place_batch: ", s, " at sample ", first,
           " exceeds ", total, " samples");
  Tensor y = full({total, s.h, s.w, s.c}, 0.0, x);
  copy_into(y.alias(s, first * s.h * s.w * s.c), x);
  return record("place_batch", {x}, y,
                [first, count = s.n](const Tensor& dy, const Need&) -> Grads {
                  return {slice_batch(dy, first, count)};
                });
}

Tensor concat_batch(const Tensor& a, const Tensor& b) {
  const Shape &s = a.shape(), &t = b.shape();
  PG_CHECK(s.h == t.h && s.w == t.w && s.c == t.c, ShapeError,
           "concat_batch: expected samples of equal shape, got ", s, " and ", t);
  Tensor y = empty({s.n + t.n, s.h, s.w, s.c}, a);
  copy_into(y.alias(s), a);
  copy_into(y.alias(t, s.numel()), b);
  return record("concat_batch", {a, b}, y,
                [na = s.n, nb = t.n](const Tensor& dy, const Need& need) -> Grads {
                  return {need[0] ? slice_batch(dy, 0, na) : Tensor(),
                          need[1] ? slice_batch(dy, na, nb) : Tensor()};
                });
}

void copy_into(const Tensor& y, const Tensor& x) {
  check_same("copy_into", y, x);
  y.backend().copy(y.mutable_view(), x.view());
}

}  // namespace pg::ops
