// shapes.h: how the shapes of a call determine its work, the same on every device.
#pragma once

#include <array>
#include <optional>

#include "kernels/conv.h"
#include "kernels/matmul.h"

namespace pg {

// A reduction with x as [outer, reduced, inner] and y as [outer, inner].
struct ReduceLayout {
  int64_t outer = 1, reduced = 1, inner = 1;
};

// The layout if the reduced extents are neighbours; extents of 1 may lie between them.
inline std::optional<ReduceLayout> reduce_layout(const Shape& x, const Shape& y) {
  const std::array<int64_t, 4> ex{x.n, x.h, x.w, x.c}, ey{y.n, y.h, y.w, y.c};
  ReduceLayout layout;
  int stage = 0;  // 0: outer, 1: reduced, 2: inner
  for (size_t i = 0; i < 4; ++i) {
    PG_ASSERT(ey[i] == ex[i] || ey[i] == 1);
    if (ex[i] == 1) continue;
    const bool reduced = ey[i] == 1;
    if (reduced && stage == 2) return std::nullopt;
    if (reduced) stage = 1;
    if (!reduced && stage == 1) stage = 2;
    (stage == 0 ? layout.outer : stage == 1 ? layout.reduced : layout.inner) *= ex[i];
  }
  return layout;
}

struct MatmulExtents {
  int64_t rows, depth, columns;  // M, L, J
};

// Asserts that the shapes fit together.
inline MatmulExtents matmul_extents(const MatmulArgs& args) {
  const int64_t a_rows = args.a.shape.pixels(), a_columns = args.a.shape.c;
  const int64_t b_rows = args.b.shape.pixels(), b_columns = args.b.shape.c;
  const bool ta = args.trans_a == Transpose::yes, tb = args.trans_b == Transpose::yes;
  const MatmulExtents e{ta ? a_columns : a_rows, ta ? a_rows : a_columns, tb ? b_rows : b_columns};
  PG_ASSERT(e.depth == (tb ? b_columns : b_rows));
  PG_ASSERT(args.y.shape.pixels() == e.rows && args.y.shape.c == e.columns);
  return e;
}

// The factor of a convolution's sums: the equalized-LR constant, and for down the 1/4 of the mean.
inline double conv_scale(const ConvGeometry& g) {
  return g.mode == ConvMode::down ? 0.25 * g.scale : g.scale;
}

// Asserts that the shapes of a convolution fit its geometry.
inline void check_conv(const Shape& x, const Shape& w, const Shape& y, const ConvGeometry& g) {
  PG_ASSERT(x.n == y.n && x.c == w.c && y.c == w.n && g.pad >= 0);
  if (g.mode == ConvMode::same) {
    PG_ASSERT(y.h == x.h + 2 * g.pad - w.h + 1 && y.w == x.w + 2 * g.pad - w.w + 1);
    return;
  }
  PG_ASSERT(w.h == 3 && w.w == 3 && g.pad == 1);
  if (g.mode == ConvMode::up) PG_ASSERT(y.h == 2 * x.h && y.w == 2 * x.w);
  if (g.mode == ConvMode::down) PG_ASSERT(x.h == 2 * y.h && x.w == 2 * y.w);
}

}  // namespace pg
