// images.cpp: image bytes to network input.
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"

namespace pg::cpu {
namespace {

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

void CpuBackend::images_to_float(const ImagesToFloatArgs& args) {
  const Shape& s = args.x.shape;
  PG_ASSERT(args.y.shape == s && (!args.mirror || args.mirror.shape == (Shape{s.n, 1, 1, 1})));
  PG_ASSERT(!args.alpha || (s.h % 2 == 0 && s.w % 2 == 0));
  dispatch_float(args.y.dtype,
                 [&](auto tag) { convert_images<typename decltype(tag)::type>(threads_, args); });
}

}  // namespace pg::cpu
