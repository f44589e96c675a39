// matmul.cpp: the matrix product and the dense layer. The vjp of a product is two products.
#include "engine/ops/ops.h"

namespace pg::ops {
namespace {

struct Extents {
  int64_t rows, columns;
};
Extents extents(const Tensor& m, Transpose t) {
  const int64_t rows = m.shape().pixels(), columns = m.shape().c;
  return t == Transpose::no ? Extents{rows, columns} : Extents{columns, rows};
}
Transpose flip(Transpose t) { return t == Transpose::no ? Transpose::yes : Transpose::no; }

// op(a) op(b) as a matrix, or as `shape` if the result has the shape of another tensor.
Tensor product(const Tensor& a, const Tensor& b, const MatmulOptions& o, const Shape* shape,
               Destination* into);

Grads product_vjp(const Tensor& dy, const Tensor& a, const Tensor& b, const MatmulOptions& o,
                  const Need& need) {
  Grads grads(2);
  if (need[0]) {
    const Shape s = a.shape();
    grads[0] =
        o.trans_a == Transpose::no
            ? product(dy, b, {Transpose::no, flip(o.trans_b), o.scale}, &s, need.destination(0))
            : product(b, dy, {o.trans_b, Transpose::yes, o.scale}, &s, need.destination(0));
  }
  if (need[1]) {
    const Shape s = b.shape();
    grads[1] =
        o.trans_b == Transpose::no
            ? product(a, dy, {flip(o.trans_a), Transpose::no, o.scale}, &s, need.destination(1))
            : product(dy, a, {Transpose::yes, o.trans_a, o.scale}, &s, need.destination(1));
  }
  return grads;
}

Tensor product(const Tensor& a, const Tensor& b, const MatmulOptions& o, const Shape* shape,
               Destination* into) {
  const Extents ea = extents(a, o.trans_a), eb = extents(b, o.trans_b);
  PG_CHECK(ea.columns == eb.rows, ShapeError, "matmul: expected equal inner extents, got ",
           ea.columns, " and ", eb.rows, " of ", a.shape(), " and ", b.shape());
  const bool direct = into != nullptr && into->tensor && a.context().tape() == nullptr;
  Tensor y = direct ? into->tensor
                    : empty(shape != nullptr ? *shape : Shape{ea.rows, 1, 1, eb.columns}, a);
  a.backend().matmul(
      {.a = a.view(),
       .b = b.view(),
       .y = y.mutable_view(),
       .trans_a = o.trans_a,
       .trans_b = o.trans_b,
       .scale = o.scale,
       .accumulate = direct && into->filled ? Accumulate::add : Accumulate::overwrite});
  if (direct) {
    into->filled = true;
    return {};
  }
  return record("matmul", {a, b}, y, [a, b, o](const Tensor& dy, const Need& need) {
    return product_vjp(dy, a, b, o, need);
  });
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, const MatmulOptions& o) {
  return product(a, b, o, nullptr, nullptr);
}

Tensor dense(const Tensor& x, const Tensor& w, double scale) {
  return matmul(x, w, {.trans_b = Transpose::yes, .scale = scale});
}

}  // namespace pg::ops
