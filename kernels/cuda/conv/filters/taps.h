// taps.h: the three convolution modes as sums over taps of a folded filter.
//
// Along one axis, with f = {w0, w0 + w1, w1 + w2, w2}:
//   up    y[p] = sum over t = p mod 2 of f[t] x[(p + t) / 2 - 1]    (two of the four taps)
//   down  y[p] = 1/2 sum over t of f[t] x[2 p - 1 + t]
// so up has 4 phases of 2x2 taps and down has 4x4 taps of stride 2: 2.25 times less work than
// resampling and 3x3 taps, and exact at borders. The transpose of up is a down with f reversed, and
// vice versa.
#pragma once

#include "kernels/shapes.h"

namespace pg::cuda {

// The inputs that a result sums. plain: stride 1, the filter unchanged. spread: 2x2 taps in each of
// 4 phases (p mod 2, q mod 2). gather: 4x4 taps of stride 2.
enum class TapPattern : uint8_t { plain, spread, gather };

inline TapPattern tap_pattern_of(ConvMode mode) {
  return mode == ConvMode::up     ? TapPattern::spread
         : mode == ConvMode::down ? TapPattern::gather
                                  : TapPattern::plain;
}

// The pattern of the data gradient.
inline TapPattern transposed(TapPattern pattern) {
  return pattern == TapPattern::spread   ? TapPattern::gather
         : pattern == TapPattern::gather ? TapPattern::spread
                                         : TapPattern::plain;
}

// Kernels count pixels and columns in 32 bits.
inline void check_extents(const Shape& s) {
  constexpr int64_t kMost = (int64_t{1} << 31) - 1;
  PG_CHECK(s.pixels() < kMost && s.h * s.w * s.c < kMost, ShapeError, "tensor ", s,
           " is too large for a GPU convolution; choose a smaller batch");
}

// The weight gradient of every mode as one product: D[a, tap, b] = sum over pixels (n, u, v) of
// low[n,u,v,a] * high[n, u stride + r - pad_h, v stride + s - pad_w, b], zero outside the image.
// low is dy and high is x, except for up, where low is x: then a = c, b = k, and the taps of the
// folded filter are in reversed order.
struct WgradProduct {
  ConstTensorView low, high;
  int64_t taps_h, taps_w, stride, pad;
  bool reversed;  // up

  int64_t taps() const { return taps_h * taps_w; }
};

inline WgradProduct wgrad_product(const Conv2dWeightGradArgs& args) {
  const Shape& w = args.dw.shape;
  switch (args.geometry.mode) {
    case ConvMode::up:
      return {args.x, args.dy, 4, 4, 2, 1, true};
    case ConvMode::down:
      return {args.dy, args.x, 4, 4, 2, 1, false};
    case ConvMode::same:
      break;
  }
  return {args.dy, args.x, w.h, w.w, 1, args.geometry.pad, false};
}

}  // namespace pg::cuda
