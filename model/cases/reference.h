// reference.h: single elements of convolutions and their gradients as direct sums in double, from
// any operands that can be indexed.
#pragma once

#include "kernels/conv.h"

namespace pg::cases {

// The operands of one convolution, in the notation of kernels/conv.h. F: Values, for example.
template <typename F>
struct ConvReference {
  Shape xs, ws, ys;
  ConvGeometry g;
  F x, w, dy;

  int64_t up() const { return g.mode == ConvMode::up ? 2 : 1; }
  int64_t down() const { return g.mode == ConvMode::down ? 2 : 1; }

  // The full-size convolution at (p, q), before down's mean and without the scale.
  double full_y(int64_t n, int64_t p, int64_t q, int64_t k) const {
    double sum = 0;
    for (int64_t r = 0; r < ws.h; ++r)
      for (int64_t s = 0; s < ws.w; ++s) {
        const int64_t h = p + r - g.pad, v = q + s - g.pad;
        if (h < 0 || v < 0 || h >= xs.h * up() || v >= xs.w * up()) continue;
        const int64_t at_x = ((n * xs.h + h / up()) * xs.w + v / up()) * xs.c;
        const int64_t at_w = ((k * ws.h + r) * ws.w + s) * ws.c;
        for (int64_t c = 0; c < xs.c; ++c) sum += double(x[at_x + c]) * double(w[at_w + c]);
      }
    return sum;
  }

  double y(int64_t n, int64_t p, int64_t q, int64_t k) const {
    double sum = 0;
    const int64_t f = down();
    for (int64_t i = 0; i < f * f; ++i) sum += full_y(n, p * f + i / f, q * f + i % f, k);
    return g.scale * sum / static_cast<double>(f * f);
  }

  // The cotangent of the full-size convolution.
  double full_dy(int64_t n, int64_t p, int64_t q, int64_t k) const {
    const int64_t f = down();
    if (p < 0 || q < 0 || p >= ys.h * f || q >= ys.w * f) return 0;
    return double(dy[((n * ys.h + p / f) * ys.w + q / f) * ys.c + k]) / static_cast<double>(f * f);
  }

  double dx(int64_t n, int64_t h, int64_t v, int64_t c) const {
    double sum = 0;
    const int64_t f = up();
    for (int64_t i = 0; i < f * f; ++i)
      for (int64_t r = 0; r < ws.h; ++r)
        for (int64_t s = 0; s < ws.w; ++s) {
          const int64_t p = h * f + i / f - r + g.pad, q = v * f + i % f - s + g.pad;
          if (p < 0 || q < 0 || p >= ys.h * down() || q >= ys.w * down()) continue;
          for (int64_t k = 0; k < ws.n; ++k)
            sum += full_dy(n, p, q, k) * double(w[((k * ws.h + r) * ws.w + s) * ws.c + c]);
        }
    return g.scale * sum;
  }

  double dw(int64_t k, int64_t r, int64_t s, int64_t c) const {
    double sum = 0;
    for (int64_t n = 0; n < xs.n; ++n)
      for (int64_t p = 0; p < ys.h * down(); ++p)
        for (int64_t q = 0; q < ys.w * down(); ++q) {
          const int64_t h = p + r - g.pad, v = q + s - g.pad;
          if (h < 0 || v < 0 || h >= xs.h * up() || v >= xs.w * up()) continue;
          sum +=
              full_dy(n, p, q, k) * double(x[((n * xs.h + h / up()) * xs.w + v / up()) * xs.c + c]);
        }
    return g.scale * sum;
  }

  // Gradient of a bias added to the output.
  double db(int64_t k) const {
    double sum = 0;
    for (int64_t i = 0; i < ys.pixels(); ++i) sum += double(dy[i * ys.c + k]);
    return sum;
  }
};

}  // namespace pg::cases
