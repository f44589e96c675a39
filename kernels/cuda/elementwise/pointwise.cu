// pointwise.cu: elementwise kernels without broadcasting, and bias + lrelu (contracts:
// kernels/pointwise.h).
#include <cmath>

#include "kernels/cuda/block/divider.cuh"
#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/elementwise/map.cuh"
#include "kernels/cuda/elementwise/unary.cuh"

namespace pg::cuda {
namespace {

// --- kernels ---

template <typename A>
__device__ __forceinline__ A lrelu(A v, A slope) {
  return v > A{0} ? v : slope * v;
}

template <typename T>
struct Lrelu {
  const T* x;
  T* y;
  Acc<T> slope;

  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    const A low = slope;
    map<N>(
        y + i, [low](A v) { return lrelu(v, low); }, x + i);
  }
};

// Packs may cross the end of a pixel, so few channels (RGB) also move in packs.
template <typename T>
struct BiasLrelu {
  const T* x;
  const Acc<T>* b;
  T* y;
  Acc<T> slope;
  Divider channels;
  bool whole;  // pixels have whole packs, and the bias is aligned

  template <int N>
  __device__ Pack<Acc<T>, N> bias(uint32_t c) const {
    if (whole) return load<N>(b + c);
    Pack<Acc<T>, N> v;
#pragma unroll
    for (int j = 0; j < N; ++j) {
      v.value[j] = b[c];
      c = c + 1 == channels.divisor() ? 0 : c + 1;
    }
    return v;
  }
  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    uint32_t n = static_cast<uint32_t>(i);
    const uint32_t c = channels.split(n);
    const A low = slope;
    map_packs(
        y + i, [low](A v, A add) { return lrelu(v + add, low); }, load<N>(x + i), bias<N>(c));
  }
};

template <typename T>
struct LeakyGate {
  const T *x, *ref;
  T* y;
  Acc<T> slope;

  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    const A low = slope;
    map<N>(
        y + i, [low](A v, A by) { return by > A{0} ? v : low * v; }, x + i, ref + i);
  }
};

template <typename A>
__device__ A evaluate(UnaryOp op, A v) {
  switch (op) {
    case UnaryOp::square:
      return v * v;
    case UnaryOp::sqrt:
      return std::sqrt(v);
    case UnaryOp::reciprocal:
      return A{1} / v;
    case UnaryOp::exp:
      return std::exp(v);
    case UnaryOp::log:
      return std::log(v);
    case UnaryOp::tanh:
      return std::tanh(v);
    case UnaryOp::sigmoid:
      return sigmoid(v);
    case UnaryOp::softplus:
      return softplus(v);
  }
  return v;
}

template <typename T>
struct Unary {
  const T* x;
  T* y;
  UnaryOp op;

  template <int N>
  __device__ void apply(int64_t i) const {
    const UnaryOp f = op;
    map<N>(
        y + i, [f](Acc<T> v) { return evaluate(f, v); }, x + i);
  }
};

template <typename T>
struct Affine {
  const T* x;
  T* y;
  Acc<T> scale, shift;
  Accumulate accumulate;

  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    const A a = scale, b = shift;
    if (accumulate == Accumulate::add) {
      map<N>(
          y + i, [a, b](A v, A before) { return before + (a * v + b); }, x + i, y + i);
    } else {
      map<N>(
          y + i, [a, b](A v) { return a * v + b; }, x + i);
    }
  }
};

template <typename T>
struct Fill {
  T* y;
  T value;

  template <int N>
  __device__ void apply(int64_t i) const {
    Pack<T, N> v;
#pragma unroll
    for (int j = 0; j < N; ++j) v.value[j] = value;
    store(y + i, v);
  }
};

template <typename X, typename Y>
struct Convert {
  const X* x;
  Y* y;

  template <int N>
  __device__ void apply(int64_t i) const {
    const Pack<X, N> from = load<N>(x + i);
    Pack<Y, N> to;
#pragma unroll
    for (int j = 0; j < N; ++j) {
      if constexpr (sizeof(X) == 8) {
        to.value[j] = from_double<Y>(from.value[j]);
      } else {
        to.value[j] = from_acc<Y>(to_acc(from.value[j]));
      }
    }
    store(y + i, to);
  }
};

}  // namespace

// --- launchers ---

void bias_lrelu(Queue& queue, const BiasLreluArgs& args) {
  PG_ASSERT(args.x.shape == args.y.shape);
  PG_ASSERT(!args.b || args.b.shape == (Shape{1, 1, 1, args.x.shape.c}));
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = args.x.as<T>();
    T* const y = args.y.as<T>();
    const auto slope = static_cast<Acc<T>>(args.slope);
    const int64_t count = args.y.shape.numel(), channels = args.y.shape.c;
    const Access access = access_if(is_aligned(x, y));
    if (!args.b) return launch_map<kPack<T>>(queue, Lrelu<T>{x, y, slope}, count, access);
    const auto* const b = args.b.as<Acc<T>>();
    const bool whole = channels % kPack<T> == 0 && is_aligned(b);
    small_count(count);
    launch_map<kPack<T>>(queue, BiasLrelu<T>{x, b, y, slope, Divider(channels), whole}, count,
                         access);
  });
}

void leaky_gate(Queue& queue, const LeakyGateArgs& args) {
  PG_ASSERT(args.x.shape == args.y.shape && args.ref.shape == args.y.shape);
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const LeakyGate<T> f{args.x.as<T>(), args.ref.as<T>(), args.y.as<T>(),
                         static_cast<Acc<T>>(args.slope)};
    launch_map<kPack<T>>(queue, f, args.y.shape.numel(), access_if(is_aligned(f.x, f.ref, f.y)));
  });
}

void unary(Queue& queue, const UnaryArgs& args) {
  PG_ASSERT(args.x.shape == args.y.shape);
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Unary<T> f{args.x.as<T>(), args.y.as<T>(), args.op};
    launch_map<kPack<T>>(queue, f, args.y.shape.numel(), access_if(is_aligned(f.x, f.y)));
  });
}

void affine(Queue& queue, const AffineArgs& args) {
  PG_ASSERT(args.x.shape == args.y.shape);
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Affine<T> f{args.x.as<T>(), args.y.as<T>(), static_cast<Acc<T>>(args.scale),
                      static_cast<Acc<T>>(args.shift), args.accumulate};
    launch_map<kPack<T>>(queue, f, args.y.shape.numel(), access_if(is_aligned(f.x, f.y)));
  });
}

void fill(Queue& queue, const FillArgs& args) {
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const y = args.y.as<T>();
    const T value(static_cast<Acc<T>>(args.value));
    launch_map<kPack<T>>(queue, Fill<T>{y, value}, args.y.shape.numel(), access_if(is_aligned(y)));
  });
}

void convert(Queue& queue, const ConvertArgs& args) {
  PG_ASSERT(args.x.shape.numel() == args.y.shape.numel());
  dispatch_storage(args.x.dtype, [&](auto from) {
    dispatch_storage(args.y.dtype, [&](auto to) {
      using X = typename decltype(from)::type;
      using Y = typename decltype(to)::type;
      constexpr int kCount = sizeof(X) > sizeof(Y) ? kPack<X> : kPack<Y>;
      const Convert<X, Y> f{args.x.as<X>(), args.y.as<Y>()};
      launch_map<kCount>(queue, f, args.y.shape.numel(), access_if(is_aligned(f.x, f.y)));
    });
  });
}

}  // namespace pg::cuda
