// pointwise.cpp: elementwise ops of one tensor. Derivatives are written with the same ops.
#include "engine/ops/check_same.h"
#include "engine/ops/ops.h"

namespace pg::ops {
namespace {

Tensor run_unary(const Tensor& x, UnaryOp op) {
  Tensor y = empty_like(x);
  x.backend().unary({.x = x.view(), .y = y.mutable_view(), .op = op});
  return y;
}

// Records y = f(x) with the derivative factor(), a tensor of x's shape.
template <typename Factor>
Tensor record_unary(const char* name, const Tensor& x, const Tensor& y, Factor factor) {
  return record(name, {x}, y,
                [factor](const Tensor& dy, const Need&) -> Grads { return {mul(dy, factor())}; });
}

}  // namespace

Tensor bias_lrelu(const Tensor& x, const Tensor& b, double slope) {
  PG_CHECK(!b || (b.shape() == Shape{1, 1, 1, x.shape().c}), ShapeError,
           "bias_lrelu: expected one bias for each channel of ", x.shape(), ", got ",
           b ? b.shape() : Shape{});
  Tensor y = empty_like(x);
  x.backend().bias_lrelu({.x = x.view(),
                          .b = b ? b.view() : ConstTensorView{},
                          .y = y.mutable_view(),
                          .slope = slope});
  std::vector<Tensor> inputs = {x};
  if (b) inputs.push_back(b);
  return record(
      "bias_lrelu", std::move(inputs), y,
      [y, slope, shape = b ? b.shape() : Shape{}](const Tensor& dy, const Need& need) {
        const Tensor g = slope == 1.0 ? dy : leaky_gate(dy, y, slope);
        Grads grads = {g};
        if (need.size() == 2) {
          grads.push_back(need[1] ? sum_to(g, shape, 1.0, need.destination(1)) : Tensor());
        }
        return grads;
      });
}

Tensor leaky_gate(const Tensor& x, const Tensor& ref, double slope) {
  check_same("leaky_gate", x, ref);
  Tensor y = empty_like(x);
  x.backend().leaky_gate({.x = x.view(), .ref = ref.view(), .y = y.mutable_view(), .slope = slope});
  return record("leaky_gate", {x}, y, [ref, slope](const Tensor& dy, const Need&) -> Grads {
    return {leaky_gate(dy, ref, slope)};
  });
}

Tensor affine(const Tensor& x, double scale, double shift) {
  Tensor y = empty_like(x);
  x.backend().affine({.x = x.view(), .y = y.mutable_view(), .scale = scale, .shift = shift});
  return record("affine", {x}, y, [scale](const Tensor& dy, const Need&) -> Grads {
    return {affine(dy, scale, 0.0)};
  });
}

Tensor square(const Tensor& x) {
  return record_unary("square", x, run_unary(x, UnaryOp::square),
                      [x] { return affine(x, 2.0, 0.0); });
}

Tensor sqrt(const Tensor& x) {
  const Tensor y = run_unary(x, UnaryOp::sqrt);
  return record_unary("sqrt", x, y, [y] { return affine(reciprocal(y), 0.5, 0.0); });
}

Tensor reciprocal(const Tensor& x) {
  const Tensor y = run_unary(x, UnaryOp::reciprocal);
  return record_unary("reciprocal", x, y, [y] { return affine(square(y), -1.0, 0.0); });
}

Tensor exp(const Tensor& x) {
  const Tensor y = run_unary(x, UnaryOp::exp);
  return record_unary("exp", x, y, [y] { return y; });
}

Tensor log(const Tensor& x) {
  return record_unary("log", x, run_unary(x, UnaryOp::log), [x] { return reciprocal(x); });
}

Tensor tanh(const Tensor& x) {
  const Tensor y = run_unary(x, UnaryOp::tanh);
  return record_unary("tanh", x, y, [y] { return affine(square(y), -1.0, 1.0); });
}

Tensor sigmoid(const Tensor& x) {
  const Tensor y = run_unary(x, UnaryOp::sigmoid);
  return record_unary("sigmoid", x, y, [y] { return mul(y, affine(y, -1.0, 1.0)); });
}

Tensor softplus(const Tensor& x) {
  return record_unary("softplus", x, run_unary(x, UnaryOp::softplus), [x] { return sigmoid(x); });
}

Tensor convert(const Tensor& x, DType dtype) {
  if (dtype == x.dtype()) return x;
  Tensor y(x.context(), x.shape(), dtype);
  x.backend().convert({.x = x.view(), .y = y.mutable_view()});
  return record("convert", {x}, y, [from = x.dtype()](const Tensor& dy, const Need&) -> Grads {
    return {convert(dy, from)};
  });
}

void affine_in_place(const Tensor& y, double scale, double shift) {
  y.backend().affine({.x = y.view(), .y = y.mutable_view(), .scale = scale, .shift = shift});
}

void add_in_place(const Tensor& y, const Tensor& x) {
  check_same("add_in_place", y, x);
  y.backend().affine({.x = x.view(), .y = y.mutable_view(), .accumulate = Accumulate::add});
}

}  // namespace pg::ops
