// resample.cpp: nearest upsampling, average pooling, fade-in. Each is the adjoint of another.
#include "engine/ops/ops.h"

namespace pg::ops {

Tensor upsample(const Tensor& x, int64_t factor, double scale) {
  const Shape& s = x.shape();
  PG_CHECK(factor >= 1, ShapeError, "upsample: expected a factor of at least 1, got ", factor);
  Tensor y = empty({s.n, s.h * factor, s.w * factor, s.c}, x);
  x.backend().upsample({.x = x.view(), .y = y.mutable_view(), .factor = factor, .scale = scale});
  const double back = scale * static_cast<double>(factor * factor);
  return record("upsample", {x}, y, [factor, back](const Tensor& dy, const Need&) -> Grads {
    return {avg_pool(dy, factor, back)};
  });
}

Tensor avg_pool(const Tensor& x, int64_t factor, double scale) {
  const Shape& s = x.shape();
  PG_CHECK(factor >= 1 && s.h % factor == 0 && s.w % factor == 0, ShapeError,
           "avg_pool: the extents of ", s, " are not multiples of the factor ", factor);
  Tensor y = empty({s.n, s.h / factor, s.w / factor, s.c}, x);
  x.backend().avg_pool({.x = x.view(), .y = y.mutable_view(), .factor = factor, .scale = scale});
  const double back = scale / static_cast<double>(factor * factor);
  return record("avg_pool", {x}, y, [factor, back](const Tensor& dy, const Need&) -> Grads {
    return {upsample(dy, factor, back)};
  });
}

namespace {
Tensor fade_in_composition(const Tensor& lo, const Tensor& hi, const Tensor& alpha) {
  return lerp(upsample(lo), hi, alpha);
}
}  // namespace

Tensor fade_in(const Tensor& lo, const Tensor& hi, const Tensor& alpha) {
  const Shape &s = lo.shape(), &t = hi.shape();
  PG_CHECK((t == Shape{s.n, 2 * s.h, 2 * s.w, s.c}), ShapeError,
           "fade_in: expected images of twice the size of ", s, ", got ", t);
  Tensor y = empty_like(hi);
  hi.backend().fade_in(
      {.lo = lo.view(), .hi = hi.view(), .alpha = alpha.view(), .y = y.mutable_view()});
  return record_fused(
      "fade_in", {lo, hi}, y,
      [alpha](const std::vector<Tensor>& in) { return fade_in_composition(in[0], in[1], alpha); },
      [s, alpha](const Tensor& dy, const Need& need) -> Grads {
        const Tensor dlo = need[0] ? empty(s, dy) : Tensor();
        const Tensor dhi = need[1] ? empty_like(dy) : Tensor();
        dy.backend().fade_in_vjp({.dy = dy.view(),
                                  .alpha = alpha.view(),
                                  .dlo = dlo ? dlo.mutable_view() : TensorView{},
                                  .dhi = dhi ? dhi.mutable_view() : TensorView{}});
        return {dlo, dhi};
      });
}

}  // namespace pg::ops
