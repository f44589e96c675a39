// adam.cu: the optimizer's step (contract: kernels/train.h).
//
// One pass over all buffers. Learning rate and step number lie in device memory, so each block
// works out the constants that follow from them; a grid no larger than the device keeps that rare.
#include <cmath>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/pack.cuh"

namespace pg::cuda {
namespace {

constexpr int kThreads = 256;

// w -= step * m / (sqrt(v) * root_scale + eps) is both published forms of Adam.
template <typename T>
struct Constants {
  T step, root_scale;
  bool apply;
};

template <typename T>
struct Adam {
  T *w, *v, *m, *average;  // m null: m is g; average null: none
  const T* g;
  const double *lr, *t, *stats;
  double beta1_exact, beta2_exact;
  T beta1, rest1, beta2, rest2, eps, pull;
  AdamEpsilon epsilon;
  AverageOf average_of;

  __device__ Constants<T> constants() const {
    const double correction1 = 1.0 - std::pow(beta1_exact, *t);
    const double correction2 = std::sqrt(1.0 - std::pow(beta2_exact, *t));
    const bool inside = epsilon == AdamEpsilon::tensorflow;
    return {static_cast<T>(*lr / correction1 * (inside ? correction2 : 1.0)),
            static_cast<T>(inside ? 1.0 : 1.0 / correction2), stats[0] != 0.0};
  }

  // Elements i to i + N - 1. Everything is loaded before anything is used.
  template <int N>
  __device__ void run(int64_t i, const Constants<T>& c) const {
    Pack<T, N> wi = load<N>(w + i), gi{}, vi{}, mi{}, ai{};
    if (average != nullptr) ai = load<N>(average + i);
    if (c.apply) {
      gi = load<N>(g + i);
      vi = load<N>(v + i);
      if (m != nullptr) mi = load<N>(m + i);
    }
#pragma unroll
    for (int j = 0; j < N; ++j) {
      const T before = wi.value[j], gj = gi.value[j];
      if (c.apply) {
        const T moment = m == nullptr ? gj : beta1 * mi.value[j] + rest1 * gj;
        vi.value[j] = beta2 * vi.value[j] + rest2 * (gj * gj);
        mi.value[j] = moment;
        wi.value[j] -= c.step * moment / (std::sqrt(vi.value[j]) * c.root_scale + eps);
      }
      const T of = average_of == AverageOf::before_update ? before : wi.value[j];
      ai.value[j] += (of - ai.value[j]) * pull;
    }
    if (average != nullptr) store(average + i, ai);
    if (!c.apply) return;
    store(w + i, wi);
    store(v + i, vi);
    if (m != nullptr) store(m + i, mi);
  }
};

template <typename T>
__global__ void __launch_bounds__(kThreads)
    adam_kernel(Adam<T> adam, int64_t count, Access access) {
  constexpr int N = kPack<T>, kTile = kThreads * N;
  alignas(16) __shared__ Constants<T> shared;
  if (threadIdx.x == 0) shared = adam.constants();
  __syncthreads();
  const Constants<T> c = shared;
  for (int64_t first = int64_t{blockIdx.x} * kTile; first < count;
       first += int64_t{gridDim.x} * kTile) {
    if (access == Access::packs && first + kTile <= count) {
      adam.template run<N>(first + static_cast<int>(threadIdx.x) * N, c);
    } else {
      const int64_t end = first + kTile < count ? first + kTile : count;
      for (int64_t i = first + threadIdx.x; i < end; i += kThreads) adam.template run<1>(i, c);
    }
  }
}

}  // namespace

void adam(Queue& queue, const AdamArgs& args) {
  const int64_t count = args.w.shape.numel();
  PG_ASSERT(args.v.shape.numel() == count && args.g.shape.numel() == count);
  PG_ASSERT(args.m ? args.m.shape.numel() == count : args.beta1 == 0.0);
  PG_ASSERT(!args.average || args.average.shape.numel() == count);
  dispatch_float(args.w.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Adam<T> f{.w = args.w.as<T>(),
                    .v = args.v.as<T>(),
                    .m = args.m.as<T>(),
                    .average = args.average.as<T>(),
                    .g = args.g.as<T>(),
                    .lr = args.lr.as<double>(),
                    .t = args.t.as<double>(),
                    .stats = args.stats.as<double>(),
                    .beta1_exact = args.beta1,
                    .beta2_exact = args.beta2,
                    .beta1 = static_cast<T>(args.beta1),
                    .rest1 = static_cast<T>(1.0 - args.beta1),
                    .beta2 = static_cast<T>(args.beta2),
                    .rest2 = static_cast<T>(1.0 - args.beta2),
                    .eps = static_cast<T>(args.eps),
                    .pull = static_cast<T>(1.0 - args.average_decay),
                    .epsilon = args.epsilon,
                    .average_of = args.average_of};
    launch(queue, adam_kernel<T>, stride_grid(queue, ceil_div(count, kPack<T>), kThreads), f, count,
           access_if(aligned(f.w, f.v, f.m, f.average, f.g)));
  });
}

}  // namespace pg::cuda
