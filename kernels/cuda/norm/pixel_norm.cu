// pixel_norm.cu: pixelwise feature vector normalisation and its gradient (contracts:
// kernels/pixel_norm.h).
//
// The channels of a pixel stay in registers between the sum and the result, so each tensor is read
// once; only with more than kMostPacks packs per lane are they read again.
#include <cmath>
#include <type_traits>

#include "kernels/cuda/block/pixel_rows.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {
namespace {

constexpr int kThreads = 256;

// --- kernels ---

template <typename T>
struct NormTensors {
  const T* x;
  T* y;
  Acc<T>* r;
  Acc<T> eps;
};

template <typename T, int N, int K>
__global__ void __launch_bounds__(kThreads) pixel_norm_kernel(NormTensors<T> t, PixelRows rows) {
  ptx::follow_earlier_kernels();
  using A = Acc<T>;
  const int64_t pixel = rows.pixel(), first = pixel * rows.channels;
  const int packs = rows.packs(N), step = rows.lanes * K;
  Pack<T, N> v[K];
  A squares = 0;
  for (int tile = 0; tile < packs; tile += step) {
    rows.load_tile(t.x + first, tile, v);
#pragma unroll
    for (int k = 0; k < K; ++k) {
#pragma unroll
      for (int j = 0; j < N; ++j) squares += to_acc(v[k].value[j]) * to_acc(v[k].value[j]);
    }
  }
  squares = group_sum(squares, rows.lanes);
  if (pixel >= rows.pixels) return;
  const A inverse = A{1} / std::sqrt(squares / static_cast<A>(rows.channels) + t.eps);
  if (t.r != nullptr && rows.channel<1>(0, 0) == 0) t.r[pixel] = inverse;
  for (int tile = 0; tile < packs; tile += step) {
    if (packs > step) rows.load_tile(t.x + first, tile, v);
#pragma unroll
    for (int k = 0; k < K; ++k) {
      const int c = rows.channel<N>(tile, k);
      if (c >= rows.channels) continue;
#pragma unroll
      for (int j = 0; j < N; ++j) v[k].value[j] = from_acc<T>(to_acc(v[k].value[j]) * inverse);
      store(t.y + first + c, v[k], rows.access);
    }
  }
}

template <typename T>
struct VjpTensors {
  const T *dy, *y;
  const Acc<T>* r;
  T* dx;
  Acc<T> slope;
};

template <typename T, int N, int K>
__global__ void __launch_bounds__(kThreads) pixel_norm_vjp_kernel(VjpTensors<T> t, PixelRows rows) {
  ptx::follow_earlier_kernels();
  using A = Acc<T>;
  const int64_t pixel = rows.pixel(), first = pixel * rows.channels;
  const int packs = rows.packs(N), step = rows.lanes * K;
  Pack<T, N> dy[K], y[K];
  A dot = 0;
  for (int tile = 0; tile < packs; tile += step) {
    rows.load_tile(t.dy + first, tile, dy);
    rows.load_tile(t.y + first, tile, y);
#pragma unroll
    for (int k = 0; k < K; ++k) {
#pragma unroll
      for (int j = 0; j < N; ++j) dot += to_acc(dy[k].value[j]) * to_acc(y[k].value[j]);
    }
  }
  const A mean = group_sum(dot, rows.lanes) / static_cast<A>(rows.channels);
  if (pixel >= rows.pixels) return;
  const A inverse = t.r[pixel];
  for (int tile = 0; tile < packs; tile += step) {
    if (packs > step) {
      rows.load_tile(t.dy + first, tile, dy);
      rows.load_tile(t.y + first, tile, y);
    }
#pragma unroll
    for (int k = 0; k < K; ++k) {
      const int c = rows.channel<N>(tile, k);
      if (c >= rows.channels) continue;
#pragma unroll
      for (int j = 0; j < N; ++j) {
        const A yj = to_acc(y[k].value[j]), g = inverse * (to_acc(dy[k].value[j]) - yj * mean);
        dy[k].value[j] = from_acc<T>(yj > A{0} ? g : t.slope * g);
      }
      store(t.dx + first + c, dy[k], rows.access);
    }
  }
}

LaunchShape shape_of(int64_t blocks) {
  return {.grid = dim3(static_cast<unsigned>(blocks)), .block = dim3(kThreads)};
}

}  // namespace

void pixel_norm(Queue& queue, const PixelNormArgs& args) {
  const Shape& s = args.x.shape;
  PG_ASSERT(args.y.shape == s && (!args.r || args.r.shape == (Shape{s.n, s.h, s.w, 1})));
  dispatch_storage(args.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const NormTensors<T> t{args.x.as<T>(), args.y.as<T>(), args.r.as<Acc<T>>(),
                           static_cast<Acc<T>>(args.eps)};
    with_pixel_rows<T>(s, access_if(is_aligned(t.x, t.y)), kThreads,
                       [&](auto n, auto k, auto rows, int64_t blocks) {
                         launch(queue, pixel_norm_kernel<T, n(), k()>, shape_of(blocks), t, rows);
                       });
  });
}

void pixel_norm_vjp(Queue& queue, const PixelNormVjpArgs& args) {
  const Shape& s = args.y.shape;
  PG_ASSERT(args.dy.shape == s && args.dx.shape == s && args.r.shape == (Shape{s.n, s.h, s.w, 1}));
  dispatch_storage(args.dx.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const VjpTensors<T> t{args.dy.as<T>(), args.y.as<T>(), args.r.as<Acc<T>>(), args.dx.as<T>(),
                          static_cast<Acc<T>>(args.slope)};
    with_pixel_rows<T>(s, access_if(is_aligned(t.dy, t.y, t.dx)), kThreads,
                       [&](auto n, auto k, auto rows, int64_t blocks) {
                         launch(queue, pixel_norm_vjp_kernel<T, n(), k()>, shape_of(blocks), t,
                                rows);
                       });
  });
}

}  // namespace pg::cuda
