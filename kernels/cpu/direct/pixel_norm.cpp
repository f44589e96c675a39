// pixel_norm.cpp: pixelwise feature vector normalisation. A pixel's channels stay in L1 between its
// two passes.
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"

namespace pg::cpu {
namespace {

int64_t pixels_per_chunk(int64_t channels) { return std::max<int64_t>(1, kGrain / channels); }

template <typename T>
void normalise(int threads, const PixelNormArgs& args) {
  const int64_t channels = args.x.shape.c;
  const T* const x = args.x.as<T>();
  T* const y = args.y.as<T>();
  T* const r = args.r.as<T>();
  const T eps = static_cast<T>(args.eps), count = static_cast<T>(channels);
  parallel_for(
      threads, args.x.shape.pixels(), pixels_per_chunk(channels), [=](int64_t begin, int64_t end) {
        for (int64_t pixel = begin; pixel < end; ++pixel) {
          const T* const row = x + pixel * channels;
          T* const out = y + pixel * channels;
          const T squares = lane_sum<T>(channels, [row](int64_t c) { return row[c] * row[c]; });
          const T inverse = T{1} / std::sqrt(squares / count + eps);
          if (r != nullptr) r[pixel] = inverse;
#pragma omp simd
          for (int64_t c = 0; c < channels; ++c) out[c] = row[c] * inverse;
        }
      });
}

template <typename T>
void normalise_vjp(int threads, const PixelNormVjpArgs& args) {
  const int64_t channels = args.y.shape.c;
  const T* const y = args.y.as<T>();
  const T* const dy = args.dy.as<T>();
  const T* const r = args.r.as<T>();
  T* const dx = args.dx.as<T>();
  const T slope = static_cast<T>(args.slope), count = static_cast<T>(channels);
  parallel_for(
      threads, args.y.shape.pixels(), pixels_per_chunk(channels), [=](int64_t begin, int64_t end) {
        for (int64_t pixel = begin; pixel < end; ++pixel) {
          const T* const yr = y + pixel * channels;
          const T* const dyr = dy + pixel * channels;
          T* const out = dx + pixel * channels;
          const T mean = lane_sum<T>(channels, [=](int64_t c) { return dyr[c] * yr[c]; }) / count;
          const T inverse = r[pixel];
#pragma omp simd
          for (int64_t c = 0; c < channels; ++c) {
            const T g = inverse * (dyr[c] - yr[c] * mean), low = slope * g;
            out[c] = yr[c] > T{0} ? g : low;
          }
        }
      });
}

}  // namespace

void CpuBackend::pixel_norm(const PixelNormArgs& args) {
  const Shape& s = args.x.shape;
  PG_ASSERT(args.y.shape == s && (!args.r || args.r.shape == (Shape{s.n, s.h, s.w, 1})));
  if (fast_ && fast_->pixel_norm(args)) return;
  dispatch_float(args.y.dtype,
                 [&](auto tag) { normalise<typename decltype(tag)::type>(threads_, args); });
}

void CpuBackend::pixel_norm_vjp(const PixelNormVjpArgs& args) {
  const Shape& s = args.y.shape;
  PG_ASSERT(args.dy.shape == s && args.dx.shape == s && args.r.shape == (Shape{s.n, s.h, s.w, 1}));
  dispatch_float(args.dx.dtype,
                 [&](auto tag) { normalise_vjp<typename decltype(tag)::type>(threads_, args); });
}

}  // namespace pg::cpu
