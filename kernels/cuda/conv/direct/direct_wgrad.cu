// direct_wgrad.cu: the weight gradient on CUDA cores, exact.
//
// A product: depth = pixels of the low image (taps.h), rows = its channels, columns = taps x
// channels of the high image. Pixels are split into chunks, by shape only, to fill the device.
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/tiled_product.cuh"
#include "kernels/cuda/conv/direct/direct.h"
#include "kernels/cuda/conv/filters/taps.h"
#include "kernels/cuda/conv/wgrad/wgrad_sums.h"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {
namespace {

// --- kernels ---

// Right operand: line = (tap, channel of the high image), depth = pixel of the low image.
template <typename T>
struct TapSource {
  static constexpr bool kDepthFastest = false;
  static constexpr int kOutside = 1 << 29;
  struct Line {
    int r, s, c;
  };
  struct Step {
    int64_t image;
    int h, w;
  };
  const T* data;
  int64_t lines, depth;
  int low_h, low_w, h, w, c, taps_w, stride, pad;

  __device__ Line line(int64_t i) const {
    if (i >= lines) return {kOutside, kOutside, 0};
    const int at = static_cast<int>(i), tap = at / c;
    return {tap / taps_w, tap % taps_w, at % c};
  }
  __device__ Step step(int64_t d) const {
    if (d >= depth) return {0, kOutside, kOutside};
    const int at = static_cast<int>(d), v = at % low_w, row = at / low_w;
    return {int64_t{row / low_h} * h, row % low_h * stride - pad, v * stride - pad};
  }
  __device__ Acc<T> at(const Line& l, const Step& s) const {
    const int y = s.h + l.r, x = s.w + l.s;
    const bool inside = y >= 0 && y < h && x >= 0 && x < w;
    return inside ? to_acc(data[((s.image + y) * w + x) * c + l.c]) : Acc<T>{0};
  }
};

template <typename T>
struct DirectWeightGrad {
  const T* low;
  TapSource<T> high;
  Acc<T>* partial;
  int64_t low_channels, pixels, chunk;
  bool reversed;
};

using Tile = ProductTile<64, 64, 16, 4, 4>;

template <typename T>
__global__ void __launch_bounds__(Tile::kThreads) direct_weight_grad_kernel(DirectWeightGrad<T> p) {
  ptx::follow_earlier_kernels();
  using A = Acc<T>;
  __shared__ ProductSmem<A, Tile> smem;
  const int64_t begin = int64_t{blockIdx.z} * p.chunk, end = min(p.pixels, begin + p.chunk);
  const MatrixSource<T, false> a{p.low, p.low_channels, end, 1, p.low_channels};
  TapSource<T> b = p.high;
  b.depth = end;
  const ProductRange range{int64_t{blockIdx.y} * Tile::kRows, int64_t{blockIdx.x} * Tile::kColumns,
                           begin, end};
  A acc[Tile::kThreadRows][Tile::kThreadColumns] = {};
  tile_product<A, Tile>(smem, a, b, range, acc);
  A* const out = p.partial + int64_t{blockIdx.z} * p.low_channels * b.lines;
  for_each_result<Tile>(acc, range, p.low_channels, b.lines, [&](int64_t row, int64_t at, A sum) {
    if (p.reversed) {  // [K, taps, C] with rows = C
      const int64_t taps = b.lines / b.c, tap = taps - 1 - at / b.c;
      out[(at % b.c * taps + tap) * p.low_channels + row] = sum;
    } else {
      out[row * b.lines + at] = sum;
    }
  });
}

// --- launchers ---

// Chunks of pixels: about 512 blocks in all, at least 256 pixels each.
int64_t chunk_pixels(int64_t tiles, int64_t pixels) {
  const int64_t most = std::max<int64_t>(1, pixels / 256);
  const int64_t chunks = std::clamp<int64_t>(512 / tiles, 1, most);
  return round_up(ceil_div(pixels, chunks), Tile::kDepth);
}

template <typename T>
void launch_direct_wgrad(Queue& queue, const Conv2dWeightGradArgs& args, const WgradProduct& f) {
  using A = Acc<T>;
  const Shape &low = f.low.shape, &high = f.high.shape;
  const auto i = [](int64_t v) { return static_cast<int>(v); };
  const int64_t columns = f.taps() * high.c, pixels = low.pixels();
  const int64_t tiles_a = ceil_div(low.c, Tile::kRows), tiles_b = ceil_div(columns, Tile::kColumns);
  const int64_t chunk = chunk_pixels(tiles_a * tiles_b, pixels), chunks = ceil_div(pixels, chunk);
  const int64_t bias_chunks = args.db ? column_sum_chunks(args.dy) : 0;
  const int64_t partial_numel = chunks * low.c * columns;
  const int64_t numel = partial_numel + bias_chunks * args.dy.shape.c;
  A* const partial = static_cast<A*>(queue.scratch(numel * static_cast<int64_t>(sizeof(A))));
  const TapSource<T> source{f.high.as<T>(), columns,     pixels,    i(low.h),
                            i(low.w),       i(high.h),   i(high.w), i(high.c),
                            i(f.taps_w),    i(f.stride), i(f.pad)};
  const dim3 grid(static_cast<unsigned>(tiles_b), static_cast<unsigned>(tiles_a),
                  static_cast<unsigned>(chunks));
  launch(queue, direct_weight_grad_kernel<T>, {.grid = grid, .block = dim3(Tile::kThreads)},
         DirectWeightGrad<T>{f.low.as<T>(), source, partial, low.c, pixels, chunk, f.reversed});
  if (args.db) column_sums(queue, args.dy, partial + partial_numel);
  sum_wgrad_partials(queue, {.partial = partial,
                             .chunks = chunks,
                             .taps_h = f.taps_h,
                             .taps_w = f.taps_w,
                             .dw = args.dw,
                             .factor = conv_scale(args.geometry),
                             .accumulate = args.accumulate,
                             .bias = bias_sums(args, partial + partial_numel, bias_chunks)});
}

}  // namespace

void direct_wgrad(Queue& queue, const Conv2dWeightGradArgs& args) {
  check_conv(args.x.shape, args.dw.shape, args.dy.shape, args.geometry);
  check_extents(args.x.shape);
  check_extents(args.dy.shape);
  PG_ASSERT(!args.db || args.db.shape.numel() == args.dy.shape.c);
  dispatch_storage(args.dy.dtype, [&](auto tag) {
    launch_direct_wgrad<typename decltype(tag)::type>(queue, args, wgrad_product(args));
  });
}

}  // namespace pg::cuda
