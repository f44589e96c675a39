// conv.cpp: convolution, its two gradients, and the fused layers built on them.
//
// conv2d(x, w), conv2d_input_grad(dy, w) and conv2d_weight_grad(dy, x) are the partial derivatives
// of one trilinear form (kernels/conv.h). The vjp of each is the other two, so gradients of every
// order stay in this file.
#include "engine/ops/ops.h"

namespace pg::ops {
namespace {

Shape conv_shape(const Shape& x, const Shape& w, const ConvGeometry& g) {
  PG_CHECK(x.c == w.c, ShapeError, "conv2d: the filter ", w, " expects ", w.c,
           " channels, got the input ", x);
  if (g.mode == ConvMode::same) {
    const Shape y{x.n, x.h + 2 * g.pad - w.h + 1, x.w + 2 * g.pad - w.w + 1, w.n};
    PG_CHECK(y.h >= 1 && y.w >= 1, ShapeError, "conv2d: the filter ", w,
             " is larger than the padded input ", x);
    return y;
  }
  PG_CHECK(w.h == 3 && w.w == 3 && g.pad == 1, ShapeError,
           "conv2d: modes up and down require a 3x3 filter with pad 1, got ", w, " with pad ",
           g.pad);
  if (g.mode == ConvMode::up) return {x.n, 2 * x.h, 2 * x.w, w.n};
  PG_CHECK(x.h % 2 == 0 && x.w % 2 == 0, ShapeError,
           "conv2d: mode down requires even extents, got ", x);
  return {x.n, x.h / 2, x.w / 2, w.n};
}

// Filters and weight gradients have the type of the activations, except f32 with bf16 activations.
void check_types(const char* op, const Tensor& x, const Tensor& w) {
  PG_CHECK(w.dtype() == acc_of(x.dtype()), DTypeError, op, ": expected ",
           name_of(acc_of(x.dtype())), " filters with ", name_of(x.dtype()), " activations, got ",
           name_of(w.dtype()));
}

ConstTensorView view_of(const Tensor& x) { return x ? x.view() : ConstTensorView{}; }

// dy times the op's own gate, unless the gate is already applied to dy.
Tensor gate_of(const Tensor& dy, const Gate& gate, const Need& need) {
  if (!gate.ref || need.gated()) return dy;
  if (!gate.r) return leaky_gate(dy, gate.ref, gate.slope);
  return pixel_norm_vjp(dy, gate.ref, gate.r, gate.slope);
}

// conv2d(x, w) times the gate, and the data gradient times the gate: linear in x, w and dy, so
// their own vjps start with the same gate. A gate with a norm is for the data gradient only, and
// only while nothing is recorded. InputGrad::gate_applied: whether there is a gate.
InputGrad gated_conv2d(const Tensor& x, const Tensor& w, const ConvGeometry& g, const Gate& gate);
InputGrad gated_input_grad(const Tensor& dy, const Tensor& w, const Shape& x_shape,
                           const ConvGeometry& g, const Gate& gate);

Grads conv2d_vjp(const Tensor& g, const Tensor& x, const Tensor& w, const ConvGeometry& o,
                 const Need& need) {
  return {need[0] ? gated_input_grad(g, w, x.shape(), o, need.gate(0)) : Tensor(),
          need[1] ? conv2d_weight_grad(g, x, w.shape(), o, need.destination(1)) : Tensor()};
}

InputGrad gated_conv2d(const Tensor& x, const Tensor& w, const ConvGeometry& g, const Gate& gate) {
  check_types("conv2d", x, w);
  Tensor y = empty(conv_shape(x.shape(), w.shape(), g), x);
  x.backend().conv2d({.x = x.view(),
                      .w = w.view(),
                      .b = {},
                      .y = y.mutable_view(),
                      .geometry = g,
                      .gate = view_of(gate.ref),
                      .gate_slope = gate.slope});
  y = record(
      "conv2d", {x, w}, y,
      [x, w, g, gate](const Tensor& dy, const Need& need) -> Grads {
        return conv2d_vjp(gate_of(dy, gate, need), x, w, g, need);
      },
      gate);
  return {y, static_cast<bool>(gate.ref)};
}

InputGrad gated_input_grad(const Tensor& dy, const Tensor& w, const Shape& x_shape,
                           const ConvGeometry& g, const Gate& gate) {
  check_types("conv2d_input_grad", dy, w);
  PG_CHECK(conv_shape(x_shape, w.shape(), g) == dy.shape(), ShapeError,
           "conv2d_input_grad: the cotangent ", dy.shape(), " does not match the input ", x_shape,
           " and the filter ", w.shape());
  Tensor dx = empty(x_shape, dy);
  dy.backend().conv2d_input_grad({.dy = dy.view(),
                                  .w = w.view(),
                                  .dx = dx.mutable_view(),
                                  .geometry = g,
                                  .gate = view_of(gate.ref),
                                  .gate_slope = gate.slope,
                                  .r = view_of(gate.r)});
  dx = record(
      "conv2d_input_grad", {dy, w}, dx,
      [dy, w, g, gate](const Tensor& ddx, const Need& need) -> Grads {
        const Tensor u = gate_of(ddx, gate, need);
        return {need[0] ? gated_conv2d(u, w, g, need.gate_without_norm(0)) : Tensor(),
                need[1] ? conv2d_weight_grad(dy, u, w.shape(), g, need.destination(1)) : Tensor()};
      },
      gate);
  return {dx, static_cast<bool>(gate.ref)};
}

// The output of a gradient kernel: the destination if the backward pass may write there directly,
// otherwise a new tensor.
struct Place {
  Place(const Tensor& like, const Shape& shape, Destination* into)
      : direct(into != nullptr && into->tensor && like.context().tape() == nullptr),
        accumulate(direct && into->filled ? Accumulate::add : Accumulate::overwrite),
        tensor(direct ? into->tensor : Tensor(like.context(), shape, acc_of(like.dtype()))) {
    if (direct) into->filled = true;
  }
  bool direct;
  Accumulate accumulate;
  Tensor tensor;
  Tensor result() const { return direct ? Tensor() : tensor; }
};

// Gradients of lrelu(conv2d(x, w) + b) from the cotangent g of the argument of lrelu. One kernel
// computes those of w and b, unless they must be differentiable.
Grads layer_vjp(const Tensor& g, const Tensor& x, const Tensor& w, const Shape& b,
                const ConvGeometry& o, const Need& need) {
  if (!need[1] || !need[2] || g.context().tape() != nullptr) {
    Grads grads = conv2d_vjp(g, x, w, o, need);
    grads.push_back(need[2] ? sum_to(g, b) : Tensor());
    return grads;
  }
  const Place dw(g, w.shape(), need.destination(1)), db(g, b, need.destination(2));
  g.backend().conv2d_weight_grad({.dy = g.view(),
                                  .x = x.view(),
                                  .dw = dw.tensor.mutable_view(),
                                  .geometry = o,
                                  .accumulate = dw.accumulate,
                                  .db = db.tensor.mutable_view(),
                                  .db_accumulate = db.accumulate});
  return {need[0] ? gated_input_grad(g, w, x.shape(), o, need.gate(0)) : Tensor(), dw.result(),
          db.result()};
}

void check_bias(const Tensor& b, const Shape& y) {
  PG_CHECK((b.shape() == Shape{1, 1, 1, y.c}), ShapeError,
           "conv2d: expected one bias for each channel of ", y, ", got ", b.shape());
}

struct LayerOptions {
  ConvGeometry geometry;
  double slope = 1.0;
  Tensor r = {};  // empty: no pixel norm
  double norm_eps = 0.0;
};

Tensor run_layer(const Tensor& x, const Tensor& w, const Tensor& b, const LayerOptions& o) {
  check_types("conv2d", x, w);
  Tensor y = empty(conv_shape(x.shape(), w.shape(), o.geometry), x);
  check_bias(b, y.shape());
  x.backend().conv2d({.x = x.view(),
                      .w = w.view(),
                      .b = b.view(),
                      .y = y.mutable_view(),
                      .geometry = o.geometry,
                      .slope = o.slope,
                      .r = o.r ? o.r.mutable_view() : TensorView{},
                      .norm_eps = o.norm_eps});
  return y;
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& w, const ConvGeometry& g) {
  return gated_conv2d(x, w, g, {}).value;
}

Tensor conv2d_input_grad(const Tensor& dy, const Tensor& w, const Shape& x_shape,
                         const ConvGeometry& g) {
  return gated_input_grad(dy, w, x_shape, g, {}).value;
}

Tensor conv2d_weight_grad(const Tensor& dy, const Tensor& x, const Shape& w_shape,
                          const ConvGeometry& g, Destination* into) {
  PG_CHECK(conv_shape(x.shape(), w_shape, g) == dy.shape(), ShapeError,
           "conv2d_weight_grad: the cotangent ", dy.shape(), " does not match the input ",
           x.shape(), " and the filter ", w_shape);
  const Place dw(dy, w_shape, into);
  dy.backend().conv2d_weight_grad({.dy = dy.view(),
                                   .x = x.view(),
                                   .dw = dw.tensor.mutable_view(),
                                   .geometry = g,
                                   .accumulate = dw.accumulate});
  if (dw.direct) return {};
  return record("conv2d_weight_grad", {dy, x}, dw.tensor,
                [dy, x, g](const Tensor& ddw, const Need& need) -> Grads {
                  return {need[0] ? gated_conv2d(x, ddw, g, need.gate_without_norm(0)) : Tensor(),
                          need[1]
                              ? gated_input_grad(dy, ddw, x.shape(), g, need.gate_without_norm(1))
                              : Tensor()};
                });
}

// y has the sign of lrelu's argument, so the gate needs only the output.
Tensor conv_bias_lrelu(const Tensor& x, const Tensor& w, const Tensor& b, const ConvGeometry& g,
                       double slope) {
  Tensor y = run_layer(x, w, b, {.geometry = g, .slope = slope});
  const Gate gate = slope == 1.0 ? Gate{} : Gate{.ref = y.alias(y.shape()), .slope = slope};
  return record(
      "conv_bias_lrelu", {x, w, b}, y,
      [x, w, g, gate, b = b.shape()](const Tensor& dy, const Need& need) -> Grads {
        return layer_vjp(gate_of(dy, gate, need), x, w, b, g, need);
      },
      gate);
}

Tensor conv_bias_lrelu_pixel_norm(const Tensor& x, const Tensor& w, const Tensor& b,
                                  const ConvGeometry& g, double slope, double eps) {
  const Shape s = conv_shape(x.shape(), w.shape(), g);
  Tensor r(x.context(), {s.n, s.h, s.w, 1}, acc_of(x.dtype()));
  Tensor y = run_layer(x, w, b, {.geometry = g, .slope = slope, .r = r, .norm_eps = eps});
  const Gate gate{.ref = y.alias(y.shape()), .slope = slope, .r = r};
  return record_fused(
      "conv_bias_lrelu_pixel_norm", {x, w, b}, y,
      [g, slope, eps](const std::vector<Tensor>& in) {
        return pixel_norm(conv_bias_lrelu(in[0], in[1], in[2], g, slope), eps);
      },
      [x, w, g, gate, b = b.shape()](const Tensor& dy, const Need& need) -> Grads {
        return layer_vjp(gate_of(dy, gate, need), x, w, b, g, need);
      },
      gate);
}

}  // namespace pg::ops
