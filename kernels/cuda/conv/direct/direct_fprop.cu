// direct_fprop.cu: convolution and its data gradient on CUDA cores, exact.
//
// Both are one implicit matrix product: rows = pixels, columns = output channels, depth = taps x
// input channels. The filter is first folded (taps.h), flipped and transposed into scratch memory.
#include "kernels/cuda/conv/direct/direct.h"

#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/tiled_product.cuh"
#include "kernels/cuda/conv/filters/taps.h"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/norm/norm_and_gate.h"

namespace pg::cuda {
namespace {

// --- kernels ---

// The filter w [K, R, S, C] as a product reads it: [phases][taps_h][taps_w][depth][outputs].
struct FilterLayout {
  TapPattern pattern;
  bool backward;  // for the data gradient: from K to C, taps reversed
  int k, r, s, c;
  int taps_h, taps_w, phases;

  __device__ int depth() const { return backward ? k : c; }
  __device__ int outputs() const { return backward ? c : k; }
  int64_t numel() const { return int64_t{phases} * taps_h * taps_w * k * c; }
};

FilterLayout layout_of(const Shape& w, TapPattern pattern, bool backward) {
  const auto i = [](int64_t v) { return static_cast<int>(v); };
  FilterLayout l{pattern, backward, i(w.n), i(w.h), i(w.w), i(w.c), i(w.h), i(w.w), 1};
  if (pattern == TapPattern::spread) l.taps_h = l.taps_w = 2, l.phases = 4;
  if (pattern == TapPattern::gather) l.taps_h = l.taps_w = 4;
  return l;
}

template <typename A>
__global__ void fold_filter_kernel(const A* __restrict__ w, A* __restrict__ out, FilterLayout l,
                                   int64_t count) {
  ptx::follow_earlier_kernels();
  const int outputs = l.outputs(), depth = l.depth();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int j = static_cast<int>(i % outputs), d = static_cast<int>(i / outputs % depth);
    const int tap = static_cast<int>(i / outputs / depth);
    const int k = l.backward ? d : j, c = l.backward ? j : d;
    int r = tap / l.taps_w % l.taps_h, s = tap % l.taps_w;
    const bool folded = l.pattern != TapPattern::plain;
    if (l.pattern == TapPattern::spread) {
      r = 2 * r + tap / 8;
      s = 2 * s + tap / 4 % 2;
    }
    if (l.backward) {
      r = (folded ? 4 : l.taps_h) - 1 - r;
      s = (folded ? 4 : l.taps_w) - 1 - s;
    }
    A sum{0};
    for (int a = max(folded ? r - 1 : r, 0); a <= min(r, l.r - 1); ++a) {
      for (int b = max(folded ? s - 1 : s, 0); b <= min(s, l.s - 1); ++b) {
        sum += w[((int64_t{k} * l.r + a) * l.s + b) * l.c + c];
      }
    }
    out[i] = sum;
  }
}

// The geometry of a product: the inputs of one phase of results.
struct PatchGrid {
  int rows_h, rows_w;  // results of one phase in an image
  int h, w, c;         // the input image
  int taps_w, stride, offset_h, offset_w;
};

// Left operand: line = pixel of the result, depth = (tap, channel).
template <typename T>
struct PatchSource {
  static constexpr bool kDepthFastest = true;
  static constexpr int kOutside = 1 << 29;  // outside of any image, and sums do not overflow
  struct Line {
    int64_t image;  // row index of the image's first row
    int h, w;
  };
  struct Step {
    int r, s, c;
  };
  const T* data;
  PatchGrid grid;
  int64_t lines, depth;

  __device__ Line line(int64_t i) const {
    if (i >= lines) return {0, kOutside, kOutside};
    const int at = static_cast<int>(i), q = at % grid.rows_w, row = at / grid.rows_w;
    return {int64_t{row / grid.rows_h} * grid.h, row % grid.rows_h * grid.stride - grid.offset_h,
            q * grid.stride - grid.offset_w};
  }
  __device__ Step step(int64_t d) const {
    if (d >= depth) return {kOutside, kOutside, 0};
    const int at = static_cast<int>(d), tap = at / grid.c;
    return {tap / grid.taps_w, tap % grid.taps_w, at % grid.c};
  }
  __device__ Acc<T> at(const Line& l, const Step& s) const {
    const int h = l.h + s.r, w = l.w + s.s;
    const bool inside = h >= 0 && h < grid.h && w >= 0 && w < grid.w;
    return inside ? to_acc(data[((l.image + h) * grid.w + w) * grid.c + s.c]) : Acc<T>{0};
  }
};

template <typename T>
struct DirectConv {
  const T* in;
  const Acc<T>* filter;
  const Acc<T>* bias;
  T* out;
  PatchGrid grid;
  int64_t rows, depth;
  int columns, out_h, out_w;
  Acc<T> factor, slope;
};

template <typename T, typename Tile>
__global__ void __launch_bounds__(Tile::kThreads) direct_conv_kernel(const DirectConv<T> p) {
  ptx::follow_earlier_kernels();
  using A = Acc<T>;
  __shared__ ProductSmem<A, Tile> smem;
  const int phase = static_cast<int>(blockIdx.z), spread = gridDim.z == 4 ? 2 : 1;
  const int phase_h = phase / 2, phase_w = phase % 2;
  PatchGrid grid = p.grid;
  grid.offset_h -= phase_h;
  grid.offset_w -= phase_w;
  const PatchSource<T> a{p.in, grid, p.rows, p.depth};
  const MatrixSource<A, false> b{p.filter + phase * p.depth * p.columns, p.columns, p.depth, 1,
                                 p.columns};
  const ProductRange range{int64_t{blockIdx.x} * Tile::kRows, int64_t{blockIdx.y} * Tile::kColumns,
                           0, p.depth};
  A acc[Tile::kThreadRows][Tile::kThreadColumns] = {};
  tile_product<A, Tile>(smem, a, b, range, acc);
  for_each_result<Tile>(acc, range, p.rows, p.columns, [&](int64_t row, int64_t column, A sum) {
    const int at = static_cast<int>(row), q = at % grid.rows_w, line = at / grid.rows_w;
    const int n = line / grid.rows_h, h = line % grid.rows_h * spread + phase_h;
    A v = p.factor * sum;
    if (p.bias != nullptr) {
      v += p.bias[column];
      v = v > A{0} ? v : p.slope * v;
    }
    const int64_t pixel = (int64_t{n} * p.out_h + h) * p.out_w + q * spread + phase_w;
    p.out[pixel * p.columns + column] = from_acc<T>(v);
  });
}

// --- launchers ---

template <typename T, typename Tile>
void launch_tile(Queue& queue, const DirectConv<T>& p, int phases) {
  const dim3 grid(static_cast<unsigned>(ceil_div(p.rows, Tile::kRows)),
                  static_cast<unsigned>(ceil_div(p.columns, Tile::kColumns)),
                  static_cast<unsigned>(phases));
  launch(queue, direct_conv_kernel<T, Tile>, {.grid = grid, .block = dim3(Tile::kThreads)}, p);
}

using SquareTile = ProductTile<64, 64, 16, 4, 4>;
using LargeTile = ProductTile<128, 128, 8, 8, 8>;
using StripTile = ProductTile<256, 16, 8, 4, 4>;

// Enough blocks to keep any current GPU busy; fewer large tiles are slower than more small ones.
constexpr int64_t kEnoughBlocks = 128;

// Only f32 and bf16 justify more than one tile.
template <typename T>
void launch_direct(Queue& queue, const DirectConv<T>& p, int phases) {
  if constexpr (sizeof(T) == 8) {
    launch_tile<T, SquareTile>(queue, p, phases);
  } else {
    if (p.columns <= 32) return launch_tile<T, StripTile>(queue, p, phases);
    if constexpr (sizeof(T) == 4) {
      const int64_t blocks = ceil_div(p.rows, 128) * (p.columns / 128) * phases;
      if (blocks >= kEnoughBlocks) return launch_tile<T, LargeTile>(queue, p, phases);
    }
    launch_tile<T, SquareTile>(queue, p, phases);
  }
}

// A product from the image `in` to the image `out`, in either direction.
struct DirectImages {
  ConstTensorView in, w, bias;
  TensorView out;
  TapPattern pattern;
  bool backward;
  int64_t pad;
  double factor, slope;
};

template <typename T>
void launch_product(Queue& queue, const DirectImages& d) {
  using A = Acc<T>;
  const FilterLayout l = layout_of(d.w.shape, d.pattern, d.backward);
  A* const filter = static_cast<A*>(queue.scratch(l.numel() * static_cast<int64_t>(sizeof(A))));
  launch(queue, fold_filter_kernel<A>, stride_grid(queue, l.numel()), d.w.as<A>(), filter, l,
         l.numel());
  const Shape &in = d.in.shape, &out = d.out.shape;
  const int spread = d.pattern == TapPattern::spread ? 2 : 1;
  const auto i = [](int64_t v) { return static_cast<int>(v); };
  const bool plain = d.pattern == TapPattern::plain;
  const PatchGrid grid{.rows_h = i(out.h / spread),
                       .rows_w = i(out.w / spread),
                       .h = i(in.h),
                       .w = i(in.w),
                       .c = i(in.c),
                       .taps_w = l.taps_w,
                       .stride = d.pattern == TapPattern::gather ? 2 : 1,
                       .offset_h = i(!plain       ? 1
                                     : d.backward ? d.w.shape.h - 1 - d.pad
                                                  : d.pad),
                       .offset_w = i(!plain       ? 1
                                     : d.backward ? d.w.shape.w - 1 - d.pad
                                                  : d.pad)};
  launch_direct<T>(queue,
                   {.in = d.in.as<T>(),
                    .filter = filter,
                    .bias = d.bias.as<A>(),
                    .out = d.out.as<T>(),
                    .grid = grid,
                    .rows = out.pixels() / (spread * spread),
                    .depth = int64_t{l.taps_h} * l.taps_w * in.c,
                    .columns = i(out.c),
                    .out_h = i(out.h),
                    .out_w = i(out.w),
                    .factor = static_cast<A>(d.factor),
                    .slope = static_cast<A>(d.slope)},
                   l.phases);
}

void launch_product(Queue& queue, const DirectImages& d) {
  check_extents(d.in.shape);
  check_extents(d.out.shape);
  dispatch_storage(d.out.dtype,
                   [&](auto tag) { launch_product<typename decltype(tag)::type>(queue, d); });
}

}  // namespace

void direct_fprop(Queue& queue, const Conv2dArgs& args) {
  check_conv(args.x.shape, args.w.shape, args.y.shape, args.geometry);
  launch_product(queue, {.in = args.x,
                         .w = args.w,
                         .bias = args.b,
                         .out = args.y,
                         .pattern = tap_pattern_of(args.geometry.mode),
                         .backward = false,
                         .pad = args.geometry.pad,
                         .factor = conv_scale(args.geometry),
                         .slope = args.slope});
  norm_and_gate(queue, args);
}

void direct_dgrad(Queue& queue, const Conv2dInputGradArgs& args) {
  check_conv(args.dx.shape, args.w.shape, args.dy.shape, args.geometry);
  launch_product(queue, {.in = args.dy,
                         .w = args.w,
                         .bias = {},
                         .out = args.dx,
                         .pattern = transposed(tap_pattern_of(args.geometry.mode)),
                         .backward = true,
                         .pad = args.geometry.pad,
                         .factor = conv_scale(args.geometry),
                         .slope = 1.0});
  norm_and_gate(queue, args);
}

}  // namespace pg::cuda
