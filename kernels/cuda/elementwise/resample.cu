// resample.cu: nearest upsampling, average pooling and the fused fade-in (contracts:
// kernels/resample.h).
//
// upsample, avg_pool and fade_in iterate over y; repeated reads of x come from cache. The vjp of
// the fade-in iterates over dlo, so one pass over dy computes both results. Packs are within a
// pixel.
#include <cmath>

#include "kernels/cuda/block/divider.cuh"
#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/elementwise/map.cuh"

namespace pg::cuda {
namespace {

// --- kernels ---

// An index into an NHWC tensor as row (n H + h), w and c.
struct Position {
  uint32_t row, w, c;
};
struct Grid {
  Divider width, channels;

  explicit Grid(const Shape& s) : width(s.w), channels(s.c) {}
  __device__ __forceinline__ Position position(int64_t i) const {
    uint32_t row = static_cast<uint32_t>(i);
    const uint32_t c = channels.split(row), w = width.split(row);
    return {row, w, c};
  }
  __device__ __forceinline__ int64_t index(uint32_t row, uint32_t w, uint32_t c) const {
    return (row * width.divisor() + w) * channels.divisor() + c;
  }
};

template <typename T>
struct Upsample {
  const T* x;
  T* y;
  Grid small, large;
  Divider factor;
  Acc<T> scale;

  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    const Position p = large.position(i);
    const A by = scale;
    const T* const from = x + small.index(factor.quotient(p.row), factor.quotient(p.w), p.c);
    map<N>(
        y + i, [by](A v) { return by * v; }, from);
  }
};

template <typename T>
struct AvgPool {
  const T* x;
  T* y;
  Grid small, large;
  int factor;
  Acc<T> scale;

  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    const Position p = small.position(i);
    const uint32_t f = static_cast<uint32_t>(factor);
    const T* const block = x + large.index(p.row * f, p.w * f, p.c);
    const A by = scale;
    const int64_t right = large.channels.divisor(), down = large.index(1, 0, 0);
    if (factor == 2) {  // all four are in flight before the first is used
      map<N>(
          y + i, [by](A a, A b, A c, A d) { return (((a + b) + c) + d) * by; }, block,
          block + right, block + down, block + down + right);
      return;
    }
    Pack<A, N> sum{};
    for (int k = 0; k < factor; ++k) {
      for (int j = 0; j < factor; ++j) {
        const Pack<T, N> v = load<N>(block + k * down + j * right);
#pragma unroll
        for (int e = 0; e < N; ++e) sum.value[e] += to_acc(v.value[e]);
      }
    }
    map_packs(
        y + i, [by](A v) { return v * by; }, sum);
  }
};

template <typename T>
struct FadeIn {
  const T *lo, *hi;
  const Acc<T>* alpha;
  T* y;
  Grid small, large;

  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    const Position p = large.position(i);
    const A of_hi = *alpha, of_lo = A{1} - of_hi;
    map<N>(
        y + i, [=](A l, A h) { return std::fma(of_lo, l, of_hi * h); },
        lo + small.index(p.row / 2, p.w / 2, p.c), hi + i);
  }
};

template <typename T>
struct FadeInVjp {
  const T* dy;
  const Acc<T>* alpha;
  T *dlo, *dhi;
  Grid small, large;

  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    const Position p = small.position(i);
    const A of_hi = *alpha, of_lo = A{1} - of_hi;
    const int64_t first = large.index(2 * p.row, 2 * p.w, p.c);
    const int64_t right = large.channels.divisor(), down = large.index(1, 0, 0);
    const int64_t at[4] = {first, first + right, first + down, first + down + right};
    Pack<T, N> v[4];
#pragma unroll
    for (int k = 0; k < 4; ++k) v[k] = load<N>(dy + at[k]);
    if (dlo != nullptr) {
      map_packs(
          dlo + i, [=](A a, A b, A c, A d) { return (((a + b) + c) + d) * of_lo; }, v[0], v[1],
          v[2], v[3]);
    }
    if (dhi == nullptr) return;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      map_packs(
          dhi + at[k], [=](A a) { return of_hi * a; }, v[k]);
    }
  }
};

// --- launchers ---

bool is_scaled(const Shape& small, const Shape& large, int64_t f) {
  return f >= 1 && large == (Shape{small.n, small.h * f, small.w * f, small.c});
}

// Packs must not cross pixels. p: the tensors in use.
template <typename T, typename... P>
Access access_of(const Shape& s, const P*... p) {
  return access_if(s.c % kPack<T> == 0 && is_aligned(p...));
}

}  // namespace

void upsample(Queue& queue, const ResampleArgs& args) {
  PG_ASSERT(is_scaled(args.x.shape, args.y.shape, args.factor));
  const Shape& s = args.y.shape;
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Upsample<T> f{args.x.as<T>(), args.y.as<T>(),       Grid(args.x.shape),
                        Grid(s),        Divider(args.factor), static_cast<Acc<T>>(args.scale)};
    launch_map<kPack<T>>(queue, f, small_count(s.numel()), access_of<T>(s, f.x, f.y));
  });
}

void avg_pool(Queue& queue, const ResampleArgs& args) {
  PG_ASSERT(is_scaled(args.y.shape, args.x.shape, args.factor));
  small_count(args.x.shape.numel());
  const Shape& s = args.y.shape;
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const double area = static_cast<double>(args.factor * args.factor);
    const AvgPool<T> f{args.x.as<T>(),
                       args.y.as<T>(),
                       Grid(s),
                       Grid(args.x.shape),
                       static_cast<int>(args.factor),
                       static_cast<Acc<T>>(args.scale / area)};
    launch_map<kPack<T>>(queue, f, s.numel(), access_of<T>(s, f.x, f.y));
  });
}

void fade_in(Queue& queue, const FadeInArgs& args) {
  const Shape& s = args.y.shape;
  PG_ASSERT(args.hi.shape == s && is_scaled(args.lo.shape, s, 2));
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const FadeIn<T> f{args.lo.as<T>(), args.hi.as<T>(),     args.alpha.as<Acc<T>>(),
                      args.y.as<T>(),  Grid(args.lo.shape), Grid(s)};
    launch_map<kPack<T>>(queue, f, small_count(s.numel()), access_of<T>(s, f.lo, f.hi, f.y));
  });
}

void fade_in_vjp(Queue& queue, const FadeInVjpArgs& args) {
  const Shape& s = args.dy.shape;
  const Shape half{s.n, s.h / 2, s.w / 2, s.c};
  PG_ASSERT(is_scaled(half, s, 2) && (!args.dhi || args.dhi.shape == s));
  PG_ASSERT(!args.dlo || args.dlo.shape == half);
  small_count(s.numel());
  dispatch_storage(args.dy.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const FadeInVjp<T> f{args.dy.as<T>(),  args.alpha.as<Acc<T>>(),
                         args.dlo.as<T>(), args.dhi.as<T>(),
                         Grid(half),       Grid(s)};
    launch_map<kPack<T>>(queue, f, half.numel(), access_of<T>(s, f.dy, f.dlo, f.dhi));
  });
}

}  // namespace pg::cuda
