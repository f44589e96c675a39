// broadcast.cpp: ops whose operands repeat over some extents: arithmetic, blends, channels.
#include "engine/ops/check_same.h"
#include "engine/ops/ops.h"

namespace pg::ops {
namespace {

int64_t joined(int64_t a, int64_t b, const Tensor& x, const Tensor& y) {
  PG_CHECK(a == b || a == 1 || b == 1, ShapeError, "cannot broadcast the shapes ", x.shape(),
           " and ", y.shape());
  return a == 1 ? b : a;
}

Tensor run_binary(const Tensor& a, const Tensor& b, BinaryOp op) {
  PG_CHECK(a.dtype() == b.dtype(), DTypeError, "expected equal element types, got ",
           name_of(a.dtype()), " and ", name_of(b.dtype()));
  const Shape &s = a.shape(), &t = b.shape();
  Tensor y = empty({joined(s.n, t.n, a, b), joined(s.h, t.h, a, b), joined(s.w, t.w, a, b),
                    joined(s.c, t.c, a, b)},
                   a);
  a.backend().binary({.a = a.view(), .b = b.view(), .y = y.mutable_view(), .op = op});
  return y;
}

}  // namespace

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

namespace {

void check_weight(const Tensor& x, const Tensor& t) {
  const Shape& s = t.shape();
  PG_CHECK(s.numel() == s.n && (s.n == 1 || s.n == x.shape().n), ShapeError,
           "lerp: expected a weight of one value, or of one value for each sample of ", x.shape(),
           ", got ", s);
}

// The operands of a lerp, by weight: x * (1 - t) and x * t.
enum class Part : uint8_t { a, b };

Tensor run_part(const Tensor& x, const Tensor& t, Part part, const Gate& gate) {
  Tensor y = empty_like(x);
  const ConstTensorView none{};
  x.backend().lerp({.a = part == Part::a ? x.view() : none,
                    .b = part == Part::b ? x.view() : none,
                    .t = t.view(),
                    .y = y.mutable_view(),
                    .gate = gate.ref ? gate.ref.view() : none,
                    .gate_slope = gate.slope});
  return y;
}

// Linear in x, so its own vjp, which starts with the same gate.
InputGrad lerp_part(const Tensor& x, const Tensor& t, Part part, const Gate& gate) {
  const Tensor y = record(
      part == Part::a ? "lerp_a" : "lerp_b", {x}, run_part(x, t, part, gate),
      [t, part, gate](const Tensor& dy, const Need& need) -> Grads {
        const bool late = gate.ref && !need.gated();
        return {lerp_part(late ? leaky_gate(dy, gate.ref, gate.slope) : dy, t, part,
                          need.gate_without_norm(0))};
      },
      gate);
  return {y, static_cast<bool>(gate.ref)};
}

}  // namespace

Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& t) {
  check_same("lerp", a, b);
  check_weight(a, t);
  Tensor y = empty_like(a);
  a.backend().lerp({.a = a.view(), .b = b.view(), .t = t.view(), .y = y.mutable_view()});
  return record("lerp", {a, b}, y, [t](const Tensor& dy, const Need& need) -> Grads {
    return {need[0] ? lerp_part(dy, t, Part::a, need.gate_without_norm(0)) : InputGrad(),
            need[1] ? lerp_part(dy, t, Part::b, need.gate_without_norm(1)) : InputGrad()};
  });
}

Tensor scaled(const Tensor& x, const Tensor& t) {
  check_weight(x, t);
  return run_part(x, t, Part::b, {});
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return add(x, full(shape, 0.0, x));
}

Tensor take_channels(const Tensor& x, int64_t first, int64_t count) {
  const Shape& s = x.shape();
  PG_CHECK(first >= 0 && count >= 1 && first + count <= s.c, ShapeError, "take_channels: channels ",
           first, " to ", first + count - 1, " exceed ", s);
  Tensor y = empty({s.n, s.h, s.w, count}, x);
  x.backend().copy_channels(
      {.x = x.view(), .y = y.mutable_view(), .x_first = first, .count = count});
  return record("take_channels", {x}, y,
                [first, total = s.c](const Tensor& dy, const Need&) -> Grads {
                  return {place_channels(dy, first, total)};
                });
}

Tensor place_channels(const Tensor& x, int64_t first, int64_t total) {
  const Shape& s = x.shape();
  PG_CHECK(first >= 0 && first + s.c <= total, ShapeError, "place_channels: ", s, " at channel ",
           first, " exceeds ", total, " channels");
  Tensor y = empty({s.n, s.h, s.w, total}, x);
  x.backend().copy_channels({.x = x.view(), .y = y.mutable_view(), .y_first = first, .count = s.c});
  return record("place_channels", {x}, y,
                [first, count = s.c](const Tensor& dy, const Need&) -> Grads {
                  return {take_channels(dy, first, count)};
                });
}

Tensor append_channel(const Tensor& x, const Tensor& s) {
  const Shape& shape = x.shape();
  PG_CHECK((s.shape() == Shape{shape.n, 1, 1, 1}), ShapeError,
           "append_channel: expected one value for each sample of ", shape, ", got ", s.shape());
  Tensor y = empty({shape.n, shape.h, shape.w, shape.c + 1}, x);
  x.backend().copy_channels({.x = x.view(), .y = y.mutable_view(), .count = shape.c});
  x.backend().copy_channels({.x = s.view(),
                             .y = y.mutable_view(),
                             .y_first = shape.c,
                             .count = 1,
                             .accumulate = Accumulate::add});
  return record("append_channel", {x, s}, y,
                [c = shape.c, t = s.shape()](const Tensor& dy, const Need& need) -> Grads {
                  return {need[0] ? take_channels(dy, 0, c) : Tensor(),
                          need[1] ? sum_to(take_channels(dy, c, 1), t) : Tensor()};
                });
}

}  // namespace pg::ops
