// conv.cpp: direct convolution and its two gradients, in the three resampling modes.
//
// The convolution and its input gradient are the same gather over taps with x and dy, K and C
// exchanged; the weight gradient sums outer products. up and down are computed literally.
#include <type_traits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/direct/panel.h"
#include "kernels/cpu/direct/taps.h"
#include "kernels/shapes.h"

namespace pg::cpu {
namespace {

constexpr int64_t kPixels = 64;  // results of a row whose sums stay in L1 together

struct ConvShapes {
  Shape x, w, y;
};

Axis rows_of(const ConvShapes& s, const ConvGeometry& g) {
  return {g.mode, g.pad, s.w.h, s.x.h, s.y.h};
}
Axis columns_of(const ConvShapes& s, const ConvGeometry& g) {
  return {g.mode, g.pad, s.w.w, s.x.w, s.y.w};
}

// out[n,h,w,j] = factor * sum over the taps (h', r) of h and (w', s) of w, and over i, of
// in[n,h',w',i] * weight(r,s,i,j); then bias and lrelu if there is a bias.
template <typename T>
struct Gather {
  const T* in;
  Shape in_shape;
  T* out;
  Shape out_shape;
  const AxisTaps& rows;
  const AxisTaps& columns;
  int64_t filter_rows, filter_columns;
  T factor;
  const T* bias;
  T slope;
};

// Adds one row of taps to the sums acc[q - first][kWidth] of results first <= q < last. The filter
// column is the outer loop, so one slice of weights in L1 serves all of them.
template <typename T, int kWidth>
void add_row_of_taps(const Gather<T>& g, const T* in_row, const T* panel, int64_t first,
                     int64_t last, T* acc) {
  const int64_t depth = g.in_shape.c;
  for (int64_t s = 0; s < g.filter_columns; ++s) {
    for (int64_t q = first; q < last; ++q) {
      for (const AxisTap& t : g.columns.of(q)) {
        if (t.tap != s) continue;
        add_row_times_panel<T, kWidth>(in_row + t.index * depth, panel + s * depth * kWidth, depth,
                                       acc + (q - first) * kWidth);
      }
    }
  }
}

// Scales the sums of `count` results and stores their channels from `channel` on.
template <typename T, int kWidth>
void store_sums(const Gather<T>& g, const T* acc, T* out, int64_t count, int64_t channel) {
  const int64_t width = std::min<int64_t>(kWidth, g.out_shape.c - channel);
  for (int64_t q = 0; q < count; ++q) {
    for (int64_t j = 0; j < width; ++j) {
      T v = g.factor * acc[q * kWidth + j];
      if (g.bias != nullptr) {
        v += g.bias[channel + j];
        v = v > T{0} ? v : g.slope * v;
      }
      out[q * g.out_shape.c + channel + j] = v;
    }
  }
}

// panels: [panel][r][s][i][kWidth].
template <typename T, int kWidth>
void gather(int threads, const Gather<T>& g, const T* panels) {
  const int64_t rows = g.out_shape.n * g.out_shape.h;
  const int64_t slice = g.filter_columns * g.in_shape.c * kWidth;
  parallel_tasks(
      threads, ceil_div(g.out_shape.c, kWidth) * rows, [&g, panels, rows, slice](int64_t task) {
        const int64_t row = task % rows, n = row / g.out_shape.h, channel = task / rows * kWidth;
        const T* const panel = panels + task / rows * g.filter_rows * slice;
        for (int64_t first = 0; first < g.out_shape.w; first += kPixels) {
          const int64_t last = std::min(g.out_shape.w, first + kPixels);
          alignas(64) T acc[kPixels * kWidth] = {};
          for (const AxisTap& t : g.rows.of(row % g.out_shape.h)) {
            const T* const in_row =
                g.in + (n * g.in_shape.h + t.index) * g.in_shape.w * g.in_shape.c;
            add_row_of_taps<T, kWidth>(g, in_row, panel + t.tap * slice, first, last, acc);
          }
          store_sums<T, kWidth>(g, acc, g.out + (row * g.out_shape.w + first) * g.out_shape.c,
                                last - first, channel);
        }
      });
}

template <typename T>
void pack_and_gather(int threads, const Gather<T>& g, const T* w, PanelView source) {
  dispatch_width(source.outputs, [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    gather<T, kWidth>(threads, g, pack_panels<T, kWidth>(threads, w, source).data());
  });
}

// Tile of one filter tap's gradient that a task sums; it fits in L1.
constexpr int64_t kTileK = 16, kTileC = 64;

template <typename T>
struct WeightGrad {
  const T* dy;
  const T* x;
  ConvShapes shapes;
  const AxisTaps& rows;
  const AxisTaps& columns;
};

struct Tile {
  int64_t r, s, k0, c0, k_count, c_count;
};

// acc[k][c] += dy[.., k0 + k] * x[.., c0 + c] over row p of sample n.
template <typename T>
void add_outer_products(const WeightGrad<T>& g, const Tile& tile, int64_t n, int64_t p, T* acc) {
  const Shape &xs = g.shapes.x, &ys = g.shapes.y;
  for (const AxisTap& row : g.rows.of(p)) {
    if (row.tap != tile.r) continue;
    const T* const x_row = g.x + (n * xs.h + row.index) * xs.w * xs.c + tile.c0;
    const T* const dy_row = g.dy + (n * ys.h + p) * ys.w * ys.c + tile.k0;
    for (int64_t q = 0; q < ys.w; ++q) {
      for (const AxisTap& column : g.columns.of(q)) {
        if (column.tap != tile.s) continue;
        const T* const x = x_row + column.index * xs.c;
        const T* const dy = dy_row + q * ys.c;
        for (int64_t k = 0; k < tile.k_count; ++k) {
          const T dyk = dy[k];
          T* const sum = acc + k * kTileC;
#pragma omp simd
          for (int64_t c = 0; c < tile.c_count; ++c) sum[c] += dyk * x[c];
        }
      }
    }
  }
}

// Sums over chunks of image rows: partial[chunk] is a whole [K, R, S, C]. Small filters get more
// chunks, to have work for many threads; their number depends only on shapes.
template <typename T>
std::vector<T> weight_grad_partials(int threads, const WeightGrad<T>& g, int64_t chunks) {
  const Shape &w = g.shapes.w, &ys = g.shapes.y;
  const int64_t tiles_k = ceil_div(w.n, kTileK), tiles_c = ceil_div(w.c, kTileC);
  const int64_t tiles = tiles_k * tiles_c * w.h * w.w, rows = ys.n * ys.h;
  const int64_t chunk_rows = ceil_div(rows, chunks);
  std::vector<T> partial(static_cast<size_t>(chunks * w.numel()));
  T* const out = partial.data();
  parallel_tasks(threads, chunks * tiles, [=, &g](int64_t task) {
    const int64_t chunk = task / tiles, index = task % tiles;
    const int64_t k0 = index / tiles_c / (w.h * w.w) * kTileK, c0 = index % tiles_c * kTileC;
    const int64_t tap = index / tiles_c % (w.h * w.w);
    const Tile tile{
        tap / w.w, tap % w.w, k0, c0, std::min(kTileK, w.n - k0), std::min(kTileC, w.c - c0)};
    alignas(64) T acc[kTileK * kTileC] = {};
    for (int64_t row = chunk * chunk_rows; row < std::min(rows, (chunk + 1) * chunk_rows); ++row) {
      add_outer_products(g, tile, row / ys.h, row % ys.h, acc);
    }
    for (int64_t k = 0; k < tile.k_count; ++k) {
      T* const to = out + chunk * w.numel() + ((k0 + k) * w.h * w.w + tap) * w.c + c0;
      std::copy_n(acc + k * kTileC, tile.c_count, to);
    }
  });
  return partial;
}

template <typename T>
void weight_grad(int threads, const Conv2dWeightGradArgs& args) {
  const ConvShapes shapes{args.x.shape, args.dw.shape, args.dy.shape};
  const AxisTaps rows = AxisTaps::forward(rows_of(shapes, args.geometry));
  const AxisTaps columns = AxisTaps::forward(columns_of(shapes, args.geometry));
  const Shape& w = shapes.w;
  const int64_t tiles = ceil_div(w.n, kTileK) * ceil_div(w.c, kTileC) * w.h * w.w;
  const int64_t chunks = std::clamp<int64_t>(ceil_div(64, tiles), 1, shapes.y.n * shapes.y.h);
  const WeightGrad<T> g{args.dy.as<T>(), args.x.as<T>(), shapes, rows, columns};
  const std::vector<T> partial = weight_grad_partials(threads, g, chunks);
  const T* const sums = partial.data();
  T* const dw = args.dw.as<T>();
  const T factor = static_cast<T>(conv_scale(args.geometry));
  const bool add = args.accumulate == Accumulate::add;
  const int64_t count = w.numel();
  parallel_elements(threads, count, [=](int64_t i) {
    T sum{0};
    for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += sums[chunk * count + i];
    dw[i] = factor * sum + (add ? dw[i] : T{0});
  });
}

}  // namespace

void CpuBackend::conv2d(const Conv2dArgs& args) {
  convolve(args);
  if (args.r) pixel_norm({.x = args.y, .y = args.y, .r = args.r, .eps = args.norm_eps});
  if (args.gate) {
    leaky_gate({.x = args.y, .ref = args.gate, .y = args.y, .slope = args.gate_slope});
  }
}

void CpuBackend::convolve(const Conv2dArgs& args) {
  if (fast_ && args.y.dtype == DType::f32 && fast_->conv2d(args)) return;
  const ConvShapes shapes{args.x.shape, args.w.shape, args.y.shape};
  check_conv(shapes.x, shapes.w, shapes.y, args.geometry);
  const AxisTaps rows = AxisTaps::forward(rows_of(shapes, args.geometry));
  const AxisTaps columns = AxisTaps::forward(columns_of(shapes, args.geometry));
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Shape& w = shapes.w;
    const Gather<T> g{args.x.as<T>(),
                      shapes.x,
                      args.y.as<T>(),
                      shapes.y,
                      rows,
                      columns,
                      w.h,
                      w.w,
                      static_cast<T>(conv_scale(args.geometry)),
                      args.b.as<T>(),
                      static_cast<T>(args.slope)};
    pack_and_gather(threads_, g, args.w.as<T>(),
                    {.slices = w.h * w.w,
                     .depth = w.c,
                     .outputs = w.n,
                     .slice_stride = w.c,
                     .depth_stride = 1,
                     .output_stride = w.h * w.w * w.c});
  });
}

void CpuBackend::conv2d_input_grad(const Conv2dInputGradArgs& args) {
  PG_ASSERT(!args.r || args.gate);
  input_grad(args);
  if (args.r) {
    pixel_norm_vjp(
        {.dy = args.dx, .y = args.gate, .r = args.r, .dx = args.dx, .slope = args.gate_slope});
  } else if (args.gate) {
    leaky_gate({.x = args.dx, .ref = args.gate, .y = args.dx, .slope = args.gate_slope});
  }
}

void CpuBackend::input_grad(const Conv2dInputGradArgs& args) {
  if (fast_ && args.dx.dtype == DType::f32 && fast_->conv2d_input_grad(args)) return;
  const ConvShapes shapes{args.dx.shape, args.w.shape, args.dy.shape};
  check_conv(shapes.x, shapes.w, shapes.y, args.geometry);
  const AxisTaps rows = AxisTaps::backward(rows_of(shapes, args.geometry));
  const AxisTaps columns = AxisTaps::backward(columns_of(shapes, args.geometry));
  dispatch_float(args.dx.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Shape& w = shapes.w;
    const Gather<T> g{args.dy.as<T>(),
                      shapes.y,
                      args.dx.as<T>(),
                      shapes.x,
                      rows,
                      columns,
                      w.h,
                      w.w,
                      static_cast<T>(conv_scale(args.geometry)),
                      nullptr,
                      T{1}};
    pack_and_gather(threads_, g, args.w.as<T>(),
                    {.slices = w.h * w.w,
                     .depth = w.n,
                     .outputs = w.c,
                     .slice_stride = w.c,
                     .depth_stride = w.h * w.w * w.c,
                     .output_stride = 1});
  });
}

void CpuBackend::conv2d_weight_grad(const Conv2dWeightGradArgs& args) {
  if (args.db) reduce_sum({.x = args.dy, .y = args.db, .accumulate = args.db_accumulate});
  if (fast_ && args.dw.dtype == DType::f32 && fast_->conv2d_weight_grad(args)) return;
  check_conv(args.x.shape, args.dw.shape, args.dy.shape, args.geometry);
  dispatch_float(args.dw.dtype,
                 [&](auto tag) { weight_grad<typename decltype(tag)::type>(threads_, args); });
}

}  // namespace pg::cpu
