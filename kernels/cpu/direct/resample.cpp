// resample.cpp: nearest upsampling, average pooling and the fused fade-in.
#include <algorithm>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"

namespace pg::cpu {
namespace {

int64_t rows_per_chunk(int64_t row) { return std::max<int64_t>(1, kGrain / row); }

// The first of the `factor` equal rows of y made from a row of x.
template <typename T>
void widen(const T* x, const ResampleArgs& args, T* y) {
  const int64_t channels = args.x.shape.c, factor = args.factor;
  const T scale = static_cast<T>(args.scale);
  for (int64_t w = 0; w < args.x.shape.w; ++w) {
    for (int64_t i = 0; i < factor; ++i) {
      T* const to = y + (w * factor + i) * channels;
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) to[c] = scale * x[w * channels + c];
    }
  }
}

// One row of y: adds the elements of each block row by row, from left to right.
template <typename T>
void pool_row(const T* x, const ResampleArgs& args, T* y) {
  const int64_t channels = args.x.shape.c, factor = args.factor, stride = args.x.shape.w * channels;
  const T scale = static_cast<T>(args.scale / static_cast<double>(factor * factor));
  for (int64_t w = 0; w < args.y.shape.w; ++w) {
    const T* const block = x + w * factor * channels;
    T* const to = y + w * channels;
    std::fill_n(to, channels, T{0});
    for (int64_t i = 0; i < factor; ++i) {
      for (int64_t j = 0; j < factor; ++j) {
        const T* const from = block + i * stride + j * channels;
#pragma omp simd
        for (int64_t c = 0; c < channels; ++c) to[c] += from[c];
      }
    }
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) to[c] *= scale;
  }
}

// The usual factor in one pass, adding in the same order.
template <typename T>
void pool_row_by_2(const T* x, const ResampleArgs& args, T* y) {
  const int64_t channels = args.x.shape.c, stride = args.x.shape.w * channels;
  const T scale = static_cast<T>(args.scale * 0.25);
  for (int64_t w = 0; w < args.y.shape.w; ++w) {
    const T* const top = x + 2 * w * channels;
    const T* const bottom = top + stride;
    T* const to = y + w * channels;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      to[c] = (top[c] + top[channels + c] + bottom[c] + bottom[channels + c]) * scale;
    }
  }
}

// One row of y; lo is the matching row at half the resolution.
template <typename T>
void blend_row(const T* lo, const T* hi, const Shape& s, T alpha, T* y) {
  const T rest = T{1} - alpha;
  for (int64_t w = 0; w < s.w; ++w) {
    const T* const from = lo + w / 2 * s.c;
#pragma omp simd
    for (int64_t c = 0; c < s.c; ++c) {
      y[w * s.c + c] = rest * from[c] + alpha * hi[w * s.c + c];
    }
  }
}

}  // namespace

void CpuBackend::upsample(const ResampleArgs& args) {
  const Shape& s = args.x.shape;
  const int64_t factor = args.factor;
  PG_ASSERT(factor >= 1 && args.y.shape == (Shape{s.n, s.h * factor, s.w * factor, s.c}));
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = args.x.as<T>();
    T* const y = args.y.as<T>();
    const int64_t row = s.w * s.c, wide = row * factor;
    parallel_for(threads_, s.n * s.h, rows_per_chunk(wide * factor),
                 [=, &args](int64_t begin, int64_t end) {
                   for (int64_t i = begin; i < end; ++i) {
                     T* const first = y + i * factor * wide;
                     widen(x + i * row, args, first);
                     for (int64_t j = 1; j < factor; ++j)
                       std::copy_n(first, wide, first + j * wide);
                   }
                 });
  });
}

void CpuBackend::avg_pool(const ResampleArgs& args) {
  const Shape& s = args.y.shape;
  const int64_t factor = args.factor;
  PG_ASSERT(factor >= 1 && args.x.shape == (Shape{s.n, s.h * factor, s.w * factor, s.c}));
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = args.x.as<T>();
    T* const y = args.y.as<T>();
    const int64_t row = s.w * s.c, tall = row * factor * factor;
    parallel_for(threads_, s.n * s.h, rows_per_chunk(tall), [=, &args](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (factor == 2) {
          pool_row_by_2(x + i * tall, args, y + i * row);
        } else {
          pool_row(x + i * tall, args, y + i * row);
        }
      }
    });
  });
}

void CpuBackend::fade_in(const FadeInArgs& args) {
  const Shape& s = args.y.shape;
  PG_ASSERT(args.hi.shape == s && s.h % 2 == 0 && s.w % 2 == 0);
  PG_ASSERT(args.lo.shape == (Shape{s.n, s.h / 2, s.w / 2, s.c}));
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const lo = args.lo.as<T>();
    const T* const hi = args.hi.as<T>();
    T* const y = args.y.as<T>();
    const T alpha = args.alpha.as<T>()[0];
    const int64_t row = s.w * s.c;
    parallel_for(threads_, s.n * s.h, rows_per_chunk(row), [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        blend_row(lo + i / 2 * (row / 2), hi + i * row, s, alpha, y + i * row);
      }
    });
  });
}

void CpuBackend::fade_in_vjp(const FadeInVjpArgs& args) {
  const Shape& s = args.dy.shape;
  PG_ASSERT(!args.dhi || args.dhi.shape == s);
  PG_ASSERT(!args.dlo || args.dlo.shape == (Shape{s.n, s.h / 2, s.w / 2, s.c}));
  dispatch_float(args.dy.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T alpha = args.alpha.as<T>()[0];
    // dlo first: dhi may be dy itself.
    if (args.dlo) {
      const double rest = static_cast<double>(T{1} - alpha);
      avg_pool({.x = args.dy, .y = args.dlo, .factor = 2, .scale = 4.0 * rest});
    }
    if (!args.dhi) return;
    affine({.x = args.dy, .y = args.dhi, .scale = static_cast<double>(alpha)});
  });
}

}  // namespace pg::cpu
