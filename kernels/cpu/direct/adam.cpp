// adam.cpp: the optimizer step and the EMA of the weights.
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"

namespace pg::cpu {
namespace {

// w -= step * m / (sqrt(v) * root_scale + eps) covers both published forms of Adam.
template <typename T>
struct AdamStep {
  T* w;
  T* v;
  T* m;  // null: m is g
  T* ema;
  const T* g;
  T beta1, rest1, beta2, rest2, step, root_scale, eps, pull;

  void update(int64_t begin, int64_t end) const {
    const AdamStep s = *this;
    if (s.m == nullptr) {
      apply(s, begin, end, [s](int64_t i) { return s.g[i]; });
    } else {
      apply(s, begin, end, [s](int64_t i) { return s.m[i] = s.beta1 * s.m[i] + s.rest1 * s.g[i]; });
    }
  }

  template <typename Moment>
  static void apply(const AdamStep s, int64_t begin, int64_t end, Moment moment) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) {
      const T v = s.beta2 * s.v[i] + s.rest2 * (s.g[i] * s.g[i]);
      s.v[i] = v;
      s.w[i] -= s.step * moment(i) / (std::sqrt(v) * s.root_scale + s.eps);
    }
  }

  void update_ema(int64_t begin, int64_t end) const {
    const AdamStep s = *this;
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) s.ema[i] += (s.w[i] - s.ema[i]) * s.pull;
  }
};

template <typename T>
AdamStep<T> adam_step(const AdamArgs& args) {
  const double t = args.t.as<double>()[0], lr = args.lr.as<double>()[0];
  const double correction1 = 1.0 - std::pow(args.beta1, t);
  const double correction2 = std::sqrt(1.0 - std::pow(args.beta2, t));
  const bool inside = args.epsilon == AdamEpsilon::tensorflow;
  return {.w = args.w.as<T>(),
          .v = args.v.as<T>(),
          .m = args.m.as<T>(),
          .ema = args.ema.as<T>(),
          .g = args.g.as<T>(),
          .beta1 = static_cast<T>(args.beta1),
          .rest1 = static_cast<T>(1.0 - args.beta1),
          .beta2 = static_cast<T>(args.beta2),
          .rest2 = static_cast<T>(1.0 - args.beta2),
          .step = static_cast<T>(lr / correction1 * (inside ? correction2 : 1.0)),
          .root_scale = static_cast<T>(inside ? 1.0 : 1.0 / correction2),
          .eps = static_cast<T>(args.eps),
          .pull = static_cast<T>(1.0 - args.ema_decay)};
}

}  // namespace

void CpuBackend::adam(const AdamArgs& args) {
  const int64_t count = args.w.shape.numel();
  PG_ASSERT(args.v.shape.numel() == count && args.g.shape.numel() == count);
  PG_ASSERT(args.m ? args.m.shape.numel() == count : args.beta1 == 0.0);
  PG_ASSERT(!args.ema || args.ema.shape.numel() == count);
  dispatch_float(args.w.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const AdamStep<T> step = adam_step<T>(args);
    const bool apply = args.stats.as<double>()[0] != 0.0;
    const bool has_ema = static_cast<bool>(args.ema);
    const bool before = args.ema_order == EmaOrder::before_update;
    parallel_for(threads_, count, kGrain, [=](int64_t begin, int64_t end) {
      if (has_ema && before) step.update_ema(begin, end);
      if (apply) step.update(begin, end);
      if (has_ema && !before) step.update_ema(begin, end);
    });
  });
}

}  // namespace pg::cpu
