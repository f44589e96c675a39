// pointwise.cpp: elementwise kernels without broadcasting; broadcast.cpp has the others.
#include <cmath>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/direct/bf16.h"
#include "kernels/cpu/direct/unary.h"
#include "kernels/cpu/parallel.h"

namespace pg::cpu {
namespace {

// Adds a bias over channels. The bias is repeated into a longer tile, so even few channels (RGB)
// give long inner loops.
template <typename T>
void bias_lrelu_tiled(int threads, const BiasLreluArgs& args) {
  const int64_t channels = args.b.shape.c, repeats = ceil_div(128, channels);
  const T* const b = args.b.as<T>();
  std::vector<T> bias(static_cast<size_t>(channels * repeats));
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = b[static_cast<int64_t>(i) % channels];
  const T* const tile = bias.data();
  const int64_t length = channels * repeats;
  const T* const x = args.x.as<T>();
  T* const y = args.y.as<T>();
  const T slope = static_cast<T>(args.slope);
  const int64_t grain = std::max<int64_t>(1, kGrain / length) * length;
  parallel_for(threads, args.y.shape.numel(), grain, [=](int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += length) {
      const int64_t count = std::min(length, end - first);
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) {
        const T v = x[first + i] + tile[i], low = slope * v;
        y[first + i] = v > T{0} ? v : low;
      }
    }
  });
}

template <typename T>
void apply_unary(int threads, const UnaryArgs& args) {
  const T* const x = args.x.as<T>();
  T* const y = args.y.as<T>();
  const auto map = [&](auto f) {
    parallel_elements(threads, args.y.shape.numel(), [=](int64_t i) { y[i] = f(x[i]); });
  };
  switch (args.op) {
    case UnaryOp::square:
      return map([](T v) { return v * v; });
    case UnaryOp::sqrt:
      return map([](T v) { return std::sqrt(v); });
    case UnaryOp::reciprocal:
      return map([](T v) { return T{1} / v; });
    case UnaryOp::exp:
      return map([](T v) { return std::exp(v); });
    case UnaryOp::log:
      return map([](T v) { return std::log(v); });
    case UnaryOp::tanh:
      return map([](T v) { return std::tanh(v); });
    case UnaryOp::sigmoid:
      return map([](T v) { return sigmoid(v); });
    case UnaryOp::softplus:
      return map([](T v) { return softplus(v); });
  }
}

// Calls f(TypeTag<T>) with T = double, float or Bf16.
template <typename F>
void dispatch_storage(DType t, F f) {
  if (t == DType::bf16) return f(TypeTag<Bf16>{});
  dispatch_float(t, f);
}

}  // namespace

void CpuBackend::bias_lrelu(const BiasLreluArgs& args) {
  PG_ASSERT(args.x.shape == args.y.shape);
  PG_ASSERT(!args.b || args.b.shape == (Shape{1, 1, 1, args.x.shape.c}));
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (args.b) return bias_lrelu_tiled<T>(threads_, args);
    const T* const x = args.x.as<T>();
    T* const y = args.y.as<T>();
    const T slope = static_cast<T>(args.slope);
    parallel_elements(threads_, args.y.shape.numel(), [=](int64_t i) {
      const T v = x[i], low = slope * v;
      y[i] = v > T{0} ? v : low;
    });
  });
}

void CpuBackend::leaky_gate(const LeakyGateArgs& args) {
  PG_ASSERT(args.x.shape == args.y.shape && args.ref.shape == args.y.shape);
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = args.x.as<T>();
    const T* const ref = args.ref.as<T>();
    T* const y = args.y.as<T>();
    const T slope = static_cast<T>(args.slope);
    parallel_elements(threads_, args.y.shape.numel(), [=](int64_t i) {
      const T high = x[i], low = slope * high;
      y[i] = ref[i] > T{0} ? high : low;
    });
  });
}

void CpuBackend::unary(const UnaryArgs& args) {
  PG_ASSERT(args.x.shape == args.y.shape);
  dispatch_float(args.y.dtype,
                 [&](auto tag) { apply_unary<typename decltype(tag)::type>(threads_, args); });
}

void CpuBackend::affine(const AffineArgs& args) {
  PG_ASSERT(args.x.shape == args.y.shape);
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = args.x.as<T>();
    T* const y = args.y.as<T>();
    const T scale = static_cast<T>(args.scale), shift = static_cast<T>(args.shift);
    const int64_t count = args.y.shape.numel();
    if (args.accumulate == Accumulate::add) {
      parallel_elements(threads_, count, [=](int64_t i) { y[i] += scale * x[i] + shift; });
    } else {
      parallel_elements(threads_, count, [=](int64_t i) { y[i] = scale * x[i] + shift; });
    }
  });
}

void CpuBackend::convert(const ConvertArgs& args) {
  PG_ASSERT(args.x.shape.numel() == args.y.shape.numel());
  dispatch_storage(args.x.dtype, [&](auto from) {
    dispatch_storage(args.y.dtype, [&](auto to) {
      using X = typename decltype(from)::type;
      using Y = typename decltype(to)::type;
      const X* const x = args.x.as<X>();
      Y* const y = args.y.as<Y>();
      parallel_elements(threads_, args.y.shape.numel(),
                        [=](int64_t i) { y[i] = static_cast<Y>(x[i]); });
    });
  });
}

void CpuBackend::fill(const FillArgs& args) {
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const y = args.y.as<T>();
    const T value = static_cast<T>(args.value);
    parallel_elements(threads_, args.y.shape.numel(), [=](int64_t i) { y[i] = value; });
  });
}

}  // namespace pg::cpu
