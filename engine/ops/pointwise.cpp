// pointwise.cpp: elementwise ops. Derivatives are written with the same set of ops.
#include "engine/ops/ops.h"

namespace pg::ops {
namespace {

void check_same(const char* op, const Tensor& a, const Tensor& b) {
  PG_CHECK(a.shape() == b.shape(), ShapeError, op, ": shapes ", a.shape(), " and ", b.shape(),
           " differ");
  PG_CHECK(a.dtype() == b.dtype(), DTypeError, op, ": element types ", name_of(a.dtype()), " and ",
           name_of(b.dtype()), " differ");
}

Tensor run_unary(const Tensor& x, UnaryOp op) {
  Tensor y = empty_like(x);
  x.backend().unary({.x = x.view(), .y = y.mut(), .op = op});
  return y;
}

// Registers y = f(x) whose derivative is factor(): a tensor of x's shape.
template <typename Factor>
Tensor record_unary(const char* name, const Tensor& x, const Tensor& y, Factor factor) {
  return record(name, {x}, y,
                [factor](const Tensor& dy, const Need&) -> Grads { return {mul(dy, factor())}; });
}

int64_t joined(int64_t a, int64_t b, const Tensor& x, const Tensor& y) {
  PG_CHECK(a == b || a == 1 || b == 1, ShapeError, "shapes ", x.shape(), " and ", y.shape(),
           " do not broadcast");
  return a == 1 ? b : a;
}

Tensor run_binary(const Tensor& a, const Tensor& b, BinaryOp op) {
  PG_CHECK(a.dtype() == b.dtype(), DTypeError, "element types ", name_of(a.dtype()), " and ",
           name_of(b.dtype()), " differ");
  const Shape &s = a.shape(), &t = b.shape();
  Tensor y = empty({joined(s.n, t.n, a, b), joined(s.h, t.h, a, b), joined(s.w, t.w, a, b),
                    joined(s.c, t.c, a, b)},
                   a);
  a.backend().binary({.a = a.view(), .b = b.view(), .y = y.mut(), .op = op});
  return y;
}

}  // namespace

Tensor bias_lrelu(const Tensor& x, const Tensor& b, double slope) {
  PG_CHECK(!b || (b.shape() == Shape{1, 1, 1, x.shape().c}), ShapeError, "bias_lrelu: the bias ",
           b ? b.shape() : Shape{}, " does not fit ", x.shape());
  Tensor y = empty_like(x);
  x.backend().bias_lrelu(
      {.x = x.view(), .b = b ? b.view() : ConstTensorView{}, .y = y.mut(), .slope = slope});
  std::vector<Tensor> inputs = {x};
  if (b) inputs.push_back(b);
  return record("bias_lrelu", std::move(inputs), y,
                [y, slope, shape = b ? b.shape() : Shape{}](const Tensor& dy, const Need& need) {
                  const Tensor g = slope == 1.0 ? dy : leaky_gate(dy, y, slope);
                  Grads grads = {g};
                  if (need.size() == 2) grads.push_back(need[1] ? sum_to(g, shape) : Tensor());
                  return grads;
                });
}

Tensor leaky_gate(const Tensor& x, const Tensor& ref, double slope) {
  check_same("leaky_gate", x, ref);
  Tensor y = empty_like(x);
  x.backend().leaky_gate({.x = x.view(), .ref = ref.view(), .y = y.mut(), .slope = slope});
  return record("leaky_gate", {x}, y, [ref, slope](const Tensor& dy, const Need&) -> Grads {
    return {leaky_gate(dy, ref, slope)};
  });
}

Tensor affine(const Tensor& x, double scale, double shift) {
  Tensor y = empty_like(x);
  x.backend().affine({.x = x.view(), .y = y.mut(), .scale = scale, .shift = shift});
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

Tensor add(const Tensor& a, const Tensor& b) {
  return record("add", {a, b}, run_binary(a, b, BinaryOp::add),
                [s = a.shape(), t = b.shape()](const Tensor& dy, const Need& need) -> Grads {
                  return {need[0] ? sum_to(dy, s) : Tensor(), need[1] ? sum_to(dy, t) : Tensor()};
                });
}

Tensor sub(const Tensor& a, const Tensor& b) {
  return record(
      "sub", {a, b}, run_binary(a, b, BinaryOp::sub),
      [s = a.shape(), t = b.shape()](const Tensor& dy, const Need& need) -> Grads {
        return {need[0] ? sum_to(dy, s) : Tensor(), need[1] ? sum_to(dy, t, -1.0) : Tensor()};
      });
}

Tensor mul(const Tensor& a, const Tensor& b) {
  return record("mul", {a, b}, run_binary(a, b, BinaryOp::mul),
                [a, b](const Tensor& dy, const Need& need) -> Grads {
                  return {need[0] ? sum_to(mul(dy, b), a.shape()) : Tensor(),
                          need[1] ? sum_to(mul(dy, a), b.shape()) : Tensor()};
                });
}

Tensor div(const Tensor& a, const Tensor& b) {
  const Tensor y = run_binary(a, b, BinaryOp::div);
  return record("div", {a, b}, y, [a, b, y](const Tensor& dy, const Need& need) -> Grads {
    return {need[0] ? sum_to(div(dy, b), a.shape()) : Tensor(),
            need[1] ? sum_to(div(mul(dy, y), b), b.shape(), -1.0) : Tensor()};
  });
}

Tensor convert(const Tensor& x, DType dtype) {
  if (dtype == x.dtype()) return x;
  Tensor y(x.context(), x.shape(), dtype);
  x.backend().convert({.x = x.view(), .y = y.mut()});
  return record("convert", {x}, y, [from = x.dtype()](const Tensor& dy, const Need&) -> Grads {
    return {convert(dy, from)};
  });
}

Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& t) {
  check_same("lerp", a, b);
  const Shape& s = t.shape();
  PG_CHECK(s.numel() == s.n && (s.n == 1 || s.n == a.shape().n), ShapeError, "lerp: the weight ", s,
           " is neither one value nor one for each sample of ", a.shape());
  Tensor y = empty_like(a);
  a.backend().lerp({.a = a.view(), .b = b.view(), .t = t.view(), .y = y.mut()});
  return record("lerp", {a, b}, y, [t](const Tensor& dy, const Need& need) -> Grads {
    if (t.dtype() != dy.dtype()) {  // bf16: the weight stays f32, as in the forward pass
      const Tensor zero = full(dy.shape(), 0.0, dy);
      return {need[0] ? lerp(dy, zero, t) : Tensor(), need[1] ? lerp(zero, dy, t) : Tensor()};
    }
    return {need[0] ? mul(dy, affine(t, -1.0, 1.0)) : Tensor(), need[1] ? mul(dy, t) : Tensor()};
  });
}

void add_in_place(const Tensor& y, const Tensor& x) {
  check_same("add_in_place", y, x);
  y.backend().affine({.x = x.view(), .y = y.mut(), .accumulate = Accumulate::add});
}

void copy_into(const Tensor& y, const Tensor& x) {
  check_same("copy_into", y, x);
  y.backend().copy(y.mut(), x.view());
}

void add_scalars(const Tensor& sums, std::span<const Tensor> numbers) {
  AddScalarsArgs args{.count = static_cast<int64_t>(numbers.size()), .sums = sums.mut()};
  PG_CHECK(args.count <= AddScalarsArgs::kMost && args.count == sums.numel(), ShapeError,
           "add_scalars: ", args.count, " numbers for sums of shape ", sums.shape());
  for (size_t i = 0; i < numbers.size(); ++i) args.x[i] = numbers[i].view();
  sums.backend().add_scalars(args);
}

}  // namespace pg::ops
