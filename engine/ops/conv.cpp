// conv.cpp: convolution, its two gradients, and the fused layers built on them.
//
// conv2d(x, w), conv2d_input_grad(dy, w) and conv2d_weight_grad(dy, x) are the partial derivatives
// of one trilinear form (kernels/conv.h). The vjp of each is the other two, so gradients of every
// order stay in this file.
#include "engine/ops.h"

namespace pg::ops {
namespace {

Shape conv_shape(const Shape& x, const Shape& w, const ConvGeometry& g) {
  PG_CHECK(x.c == w.c, ShapeError, "conv2d: the input ", x, " has ", x.c,
           " channels and the filter ", w, " expects ", w.c);
  if (g.mode == ConvMode::same) {
    const Shape y{x.n, x.h + 2 * g.pad - w.h + 1, x.w + 2 * g.pad - w.w + 1, w.n};
    PG_CHECK(y.h >= 1 && y.w >= 1, ShapeError, "conv2d: the filter ", w,
             " is larger than the padded input ", x);
    return y;
  }
  PG_CHECK(w.h == 3 && w.w == 3 && g.pad == 1, ShapeError,
           "conv2d: the modes up and down need a 3x3 filter with pad 1, not ", w, " with pad ",
           g.pad);
  if (g.mode == ConvMode::up) return {x.n, 2 * x.h, 2 * x.w, w.n};
  PG_CHECK(x.h % 2 == 0 && x.w % 2 == 0, ShapeError, "conv2d: mode down needs even extents, not ",
           x);
  return {x.n, x.h / 2, x.w / 2, w.n};
}

Grads conv2d_vjp(const Tensor& g, const Tensor& x, const Tensor& w, const ConvGeometry& o,
                 const Need& need) {
  return {need[0] ? conv2d_input_grad(g, w, x.shape(), o) : Tensor(),
          need[1] ? conv2d_weight_grad(g, x, w.shape(), o, need.destination(1)) : Tensor()};
}

// Gradients of lrelu(conv2d(x, w) + b) from the cotangent g of the argument of lrelu.
Grads layer_vjp(const Tensor& g, const Tensor& x, const Tensor& w, const Shape& b,
                const ConvGeometry& o, const Need& need) {
  Grads grads = conv2d_vjp(g, x, w, o, need);
  grads.push_back(need[2] ? sum_to(g, b) : Tensor());
  return grads;
}

void check_bias(const Tensor& b, const Shape& y) {
  PG_CHECK((b.shape() == Shape{1, 1, 1, y.c}), ShapeError, "the bias ", b.shape(),
           " does not fit the layer's output ", y);
}

Tensor run_layer(const Tensor& x, const Tensor& w, const Tensor& b, const ConvGeometry& g,
                 double slope) {
  Tensor y = empty(conv_shape(x.shape(), w.shape(), g), x);
  check_bias(b, y.shape());
  x.backend().conv2d({.x = x.view(),
                      .w = w.view(),
                      .b = b.view(),
                      .y = y.mut(),
                      .geometry = g,
                      .slope = slope,
                      .w_version = w.version()});
  return y;
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& w, const ConvGeometry& g) {
  Tensor y = empty(conv_shape(x.shape(), w.shape(), g), x);
  x.backend().conv2d({.x = x.view(),
                      .w = w.view(),
                      .b = {},
                      .y = y.mut(),
                      .geometry = g,
                      .w_version = w.version()});
  return record("conv2d", {x, w}, y, [x, w, g](const Tensor& dy, const Need& need) -> Grads {
    return conv2d_vjp(dy, x, w, g, need);
  });
}

Tensor conv2d_input_grad(const Tensor& dy, const Tensor& w, const Shape& x_shape,
                         const ConvGeometry& g) {
  PG_CHECK(conv_shape(x_shape, w.shape(), g) == dy.shape(), ShapeError,
           "conv2d_input_grad: the cotangent ", dy.shape(), " does not fit the input ", x_shape,
           " and the filter ", w.shape());
  Tensor dx = empty(x_shape, dy);
  dy.backend().conv2d_input_grad(
      {.dy = dy.view(), .w = w.view(), .dx = dx.mut(), .geometry = g, .w_version = w.version()});
  return record(
      "conv2d_input_grad", {dy, w}, dx, [dy, w, g](const Tensor& ddx, const Need& need) -> Grads {
        return {
            need[0] ? conv2d(ddx, w, g) : Tensor(),
            need[1] ? conv2d_weight_grad(dy, ddx, w.shape(), g, need.destination(1)) : Tensor()};
      });
}

Tensor conv2d_weight_grad(const Tensor& dy, const Tensor& x, const Shape& w_shape,
                          const ConvGeometry& g, Destination* into) {
  PG_CHECK(conv_shape(x.shape(), w_shape, g) == dy.shape(), ShapeError,
           "conv2d_weight_grad: the cotangent ", dy.shape(), " does not fit the input ", x.shape(),
           " and the filter ", w_shape);
  const bool direct = into != nullptr && into->tensor && dy.context().tape() == nullptr;
  Tensor dw = direct ? into->tensor : empty(w_shape, dy);
  dy.backend().conv2d_weight_grad(
      {.dy = dy.view(),
       .x = x.view(),
       .dw = dw.mut(),
       .geometry = g,
       .accumulate = direct && into->filled ? Accumulate::add : Accumulate::overwrite});
  if (direct) {
    into->filled = true;
    return {};
  }
  return record("conv2d_weight_grad", {dy, x}, dw,
                [dy, x, g](const Tensor& ddw, const Need& need) -> Grads {
                  return {need[0] ? conv2d(x, ddw, g) : Tensor(),
                          need[1] ? conv2d_input_grad(dy, ddw, x.shape(), g) : Tensor()};
                });
}

// y has the sign of the argument of lrelu, so the gate needs the output alone.
Tensor conv_bias_lrelu(const Tensor& x, const Tensor& w, const Tensor& b, const ConvGeometry& g,
                       double slope) {
  Tensor y = run_layer(x, w, b, g, slope);
  return record("conv_bias_lrelu", {x, w, b}, y,
                [x, w, y, g, slope, b = b.shape()](const Tensor& dy, const Need& need) -> Grads {
                  const Tensor gated = slope == 1.0 ? dy : leaky_gate(dy, y, slope);
                  return layer_vjp(gated, x, w, b, g, need);
                });
}

Tensor conv_bias_lrelu_pixel_norm(const Tensor& x, const Tensor& w, const Tensor& b,
                                  const ConvGeometry& g, double slope, double eps) {
  Tensor y = run_layer(x, w, b, g, slope);
  const Shape& s = y.shape();
  Tensor r = empty({s.n, s.h, s.w, 1}, y);
  y.backend().pixel_norm({.x = y.view(), .y = y.mut(), .r = r.mut(), .eps = eps});
  return record_fused(
      "conv_bias_lrelu_pixel_norm", {x, w, b}, y,
      [g, slope, eps](const std::vector<Tensor>& in) {
        return pixel_norm(conv_bias_lrelu(in[0], in[1], in[2], g, slope), eps);
      },
      [x, w, y, r, g, slope, b = b.shape()](const Tensor& dy, const Need& need) -> Grads {
        Tensor gated = empty_like(y);
        y.backend().pixel_norm_vjp(
            {.dy = dy.view(), .y = y.view(), .r = r.view(), .dx = gated.mut(), .slope = slope});
        return layer_vjp(gated, x, w, b, g, need);
      });
}

}  // namespace pg::ops
