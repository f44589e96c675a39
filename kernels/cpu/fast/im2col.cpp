// im2col.cpp: images to patches and back.
#include "kernels/cpu/fast/im2col.h"

#include <algorithm>
#include <cstring>

namespace pg::cpu {

void im2col(int threads, const PatchShape& g, const float* x, float* patches) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t row = 0; row < g.n * g.p; ++row) {
    const int64_t image = row / g.p, p = row % g.p;
    float* out = patches + row * g.q * g.columns();
    for (int64_t q = 0; q < g.q; ++q)
      for (int64_t r = 0; r < g.r; ++r)
        for (int64_t s = 0; s < g.s; ++s, out += g.c) {
          const int64_t h = p + r - g.pad, w = q + s - g.pad;
          const bool inside = h >= 0 && h < g.h && w >= 0 && w < g.w;
          if (inside)
            std::memcpy(out, x + ((image * g.h + h) * g.w + w) * g.c,
                        static_cast<size_t>(g.c) * sizeof(float));
          else
            std::fill(out, out + g.c, 0.0f);
        }
  }
}

void col2im(int threads, const PatchShape& g, const float* patches, float* x) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t row = 0; row < g.n * g.h; ++row) {
    const int64_t image = row / g.h, h = row % g.h;
    for (int64_t w = 0; w < g.w; ++w) {
      float* out = x + (row * g.w + w) * g.c;
      std::fill(out, out + g.c, 0.0f);
      for (int64_t r = 0; r < g.r; ++r)
        for (int64_t s = 0; s < g.s; ++s) {
          const int64_t p = h - r + g.pad, q = w - s + g.pad;
          if (p < 0 || p >= g.p || q < 0 || q >= g.q) continue;
          const float* in =
              patches + (((image * g.p + p) * g.q + q) * g.r * g.s + r * g.s + s) * g.c;
          for (int64_t c = 0; c < g.c; ++c) out[c] += in[c];
        }
    }
  }
}

}  // namespace pg::cpu
