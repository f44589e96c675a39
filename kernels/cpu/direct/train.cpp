// train.cpp: the optimizer and the image input.
#include <cmath>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"

namespace pg::cpu {
namespace {

// w -= step * m / (sqrt(v) * root_scale + eps) is both published forms of Adam.
template <typename T>
struct AdamStep {
  T* w;
  T* v;
  T* m;  // null: m is g
  T* average;
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

  void move_average(int64_t begin, int64_t end) const {
    const AdamStep s = *this;
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) s.average[i] += (s.w[i] - s.average[i]) * s.pull;
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
          .average = args.average.as<T>(),
          .g = args.g.as<T>(),
          .beta1 = static_cast<T>(args.beta1),
          .rest1 = static_cast<T>(1.0 - args.beta1),
          .beta2 = static_cast<T>(args.beta2),
          .rest2 = static_cast<T>(1.0 - args.beta2),
          .step = static_cast<T>(lr / correction1 * (inside ? correction2 : 1.0)),
          .root_scale = static_cast<T>(inside ? 1.0 : 1.0 / correction2),
          .eps = static_cast<T>(args.eps),
          .pull = static_cast<T>(1.0 - args.average_decay)};
}

// The geometry and constants of images_to_float.
template <typename T>
struct ImageRow {
  int64_t width, channels;
  T scale, shift;

  // f of one row.
  void convert(const uint8_t* x, bool mirror, T* y) const {
    if (!mirror) {
#pragma omp simd
      for (int64_t i = 0; i < width * channels; ++i) y[i] = static_cast<T>(x[i]) * scale + shift;
      return;
    }
    for (int64_t w = 0; w < width; ++w) {
      const uint8_t* const from = x + (width - 1 - w) * channels;
      for (int64_t c = 0; c < channels; ++c) {
        y[w * channels + c] = static_cast<T>(from[c]) * scale + shift;
      }
    }
  }

  // Moves each 2x2 block of the rows f and f + width * channels towards its mean by `weight`.
  void fade(T* f, T weight) const {
    T* const below = f + width * channels;
    for (int64_t w = 0; w < width; w += 2) {
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t left = w * channels + c, right = left + channels;
        const T mean = (f[left] + f[right] + below[left] + below[right]) * T{0.25};
        f[left] += (mean - f[left]) * weight;
        f[right] += (mean - f[right]) * weight;
        below[left] += (mean - below[left]) * weight;
        below[right] += (mean - below[right]) * weight;
      }
    }
  }
};

template <typename T>
void convert_images(int threads, const ImagesToFloatArgs& args) {
  const Shape s = args.y.shape;
  const uint8_t* const x = args.x.as<uint8_t>();
  const uint8_t* const mirror = args.mirror.as<uint8_t>();
  const bool fades = static_cast<bool>(args.alpha);
  const T weight = fades ? T{1} - args.alpha.as<T>()[0] : T{0};
  T* const y = args.y.as<T>();
  const ImageRow<T> row{s.w, s.c, static_cast<T>(args.scale), static_cast<T>(args.shift)};
  const int64_t rows = fades ? 2 : 1, size = s.w * s.c;
  parallel_for(threads, s.n * s.h / rows, std::max<int64_t>(1, kGrain / (rows * size)),
               [=](int64_t begin, int64_t end) {
                 for (int64_t i = begin * rows; i < end * rows; ++i) {
                   const bool mirrored = mirror != nullptr && mirror[i / s.h] != 0;
                   row.convert(x + i * size, mirrored, y + i * size);
                   if (i % rows == 1) row.fade(y + (i - 1) * size, weight);
                 }
               });
}

}  // namespace

void CpuBackend::adam(const AdamArgs& args) {
  const int64_t count = args.w.shape.numel();
  PG_ASSERT(args.v.shape.numel() == count && args.g.shape.numel() == count);
  PG_ASSERT(args.m ? args.m.shape.numel() == count : args.beta1 == 0.0);
  PG_ASSERT(!args.average || args.average.shape.numel() == count);
  dispatch_float(args.w.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const AdamStep<T> step = adam_step<T>(args);
    const bool apply = args.stats.as<double>()[0] != 0.0;
    const bool average = static_cast<bool>(args.average);
    const bool before = args.average_of == AverageOf::before_update;
    parallel_for(threads_, count, kGrain, [=](int64_t begin, int64_t end) {
      if (average && before) step.move_average(begin, end);
      if (apply) step.update(begin, end);
      if (average && !before) step.move_average(begin, end);
    });
  });
}

void CpuBackend::images_to_float(const ImagesToFloatArgs& args) {
  const Shape& s = args.x.shape;
  PG_ASSERT(args.y.shape == s && (!args.mirror || args.mirror.shape == (Shape{s.n, 1, 1, 1})));
  PG_ASSERT(!args.alpha || (s.h % 2 == 0 && s.w % 2 == 0));
  dispatch_float(args.y.dtype,
                 [&](auto tag) { convert_images<typename decltype(tag)::type>(threads_, args); });
}

}  // namespace pg::cpu
