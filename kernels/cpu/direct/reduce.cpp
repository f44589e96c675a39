// reduce.cpp: sums, in f64.
//
// A reduction over neighbouring extents is one of two loops: sums of rows (per sample, per pixel,
// total) or of columns (per channel, over samples). All others use plain loops.
#include <optional>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"
#include "kernels/shapes.h"

namespace pg::cpu {
namespace {

constexpr int64_t kRowChunk = 4096;     // elements of a row in one partial sum
constexpr int64_t kColumnChunk = 8192;  // elements of a block of columns in one partial sum
constexpr int64_t kColumnBlock = 512;   // columns of one block

template <typename T>
struct Sum {
  const T* x;
  T* y;
  double scale;
  bool add;

  // f64 sums of f32 are scaled before rounding, so a result is rounded once.
  void store(int64_t i, double sum) const {
    const double value = scale * sum;
    y[i] = static_cast<T>(add ? static_cast<double>(y[i]) + value : value);
  }
};

enum class Summand : uint8_t { value, square };

template <Summand summand, typename T>
double row_sum(const T* x, int64_t count) {
  return lane_sum<double>(count, [x](int64_t i) {
    if constexpr (summand == Summand::square) return static_cast<double>(x[i] * x[i]);
    return static_cast<double>(x[i]);
  });
}

template <Summand summand, typename T>
void sum_rows(int threads, const Sum<T>& sum, const ReduceLayout& layout) {
  const int64_t length = layout.reduced;
  if (length <= kRowChunk) {
    parallel_for(threads, layout.outer, std::max<int64_t>(1, kGrain / length),
                 [=](int64_t begin, int64_t end) {
                   for (int64_t row = begin; row < end; ++row) {
                     sum.store(row, row_sum<summand>(sum.x + row * length, length));
                   }
                 });
    return;
  }
  const int64_t chunks = ceil_div(length, kRowChunk);
  std::vector<double> partial(static_cast<size_t>(layout.outer * chunks));
  double* const out = partial.data();
  parallel_for(threads, layout.outer * chunks, 4, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % chunks * kRowChunk;
      out[i] = row_sum<summand>(sum.x + i / chunks * length + first,
                                std::min(kRowChunk, length - first));
    }
  });
  for (int64_t row = 0; row < layout.outer; ++row) {
    sum.store(row, row_sum<Summand::value>(out + row * chunks, chunks));
  }
}

// out[j] = sum over rows of x[row * stride + j], 0 <= j < width.
template <typename T>
void sum_block(const T* x, int64_t rows, int64_t stride, int64_t width, double* out) {
  double acc[kColumnBlock] = {};
  // Few channels: treat several rows as one for long inner loops, and fold at the end.
  const int64_t repeats = width == stride ? std::max<int64_t>(1, 64 / width) : 1;
  for (int64_t row = 0; row < rows; row += repeats) {
    const int64_t count = std::min(repeats, rows - row) * width;
#pragma omp simd
    for (int64_t j = 0; j < count; ++j) acc[j] += static_cast<double>(x[row * stride + j]);
  }
  for (int64_t j = 0; j < width; ++j) {
    out[j] = 0.0;
    for (int64_t repeat = 0; repeat < repeats; ++repeat) out[j] += acc[repeat * width + j];
  }
}

template <typename T>
void sum_columns(int threads, const Sum<T>& sum, const ReduceLayout& layout) {
  const int64_t inner = layout.inner, reduced = layout.reduced, outer = layout.outer;
  const int64_t chunk_rows = std::max<int64_t>(1, kColumnChunk / std::min(inner, kColumnBlock));
  const int64_t blocks = ceil_div(inner, kColumnBlock), chunks = ceil_div(reduced, chunk_rows);
  std::vector<double> partial(static_cast<size_t>(chunks * outer * inner));
  double* const out = partial.data();
  parallel_for(threads, chunks * outer * blocks, 4, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t chunk = i / (outer * blocks), o = i / blocks % outer;
      const int64_t first = i % blocks * kColumnBlock, row = chunk * chunk_rows;
      sum_block(sum.x + (o * reduced + row) * inner + first, std::min(chunk_rows, reduced - row),
                inner, std::min(kColumnBlock, inner - first),
                out + (chunk * outer + o) * inner + first);
    }
  });
  const int64_t count = outer * inner;
  parallel_for(threads, count, kColumnBlock, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      double total = 0.0;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) total += out[chunk * count + i];
      sum.store(i, total);
    }
  });
}

template <typename T>
void sum_any(int threads, const Sum<T>& sum, const Shape& x, const Shape& y) {
  parallel_for(threads, y.numel(), 16, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t c0 = i % y.c, w0 = i / y.c % y.w, h0 = i / (y.c * y.w) % y.h;
      const int64_t n0 = i / (y.c * y.w * y.h);
      double total = 0.0;
      for (int64_t n = n0; n < n0 + x.n / y.n; ++n) {
        for (int64_t h = h0; h < h0 + x.h / y.h; ++h) {
          for (int64_t w = w0; w < w0 + x.w / y.w; ++w) {
            const T* const row = sum.x + ((n * x.h + h) * x.w + w) * x.c + c0;
            for (int64_t c = 0; c < x.c / y.c; ++c) total += static_cast<double>(row[c]);
          }
        }
      }
      sum.store(i, total);
    }
  });
}

}  // namespace

void CpuBackend::reduce_sum(const ReduceSumArgs& args) {
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Sum<T> sum{args.x.as<T>(), args.y.as<T>(), args.scale,
                     args.accumulate == Accumulate::add};
    const std::optional<ReduceLayout> layout = reduce_layout(args.x.shape, args.y.shape);
    if (!layout) return sum_any(threads_, sum, args.x.shape, args.y.shape);
    if (layout->inner == 1) return sum_rows<Summand::value>(threads_, sum, *layout);
    sum_columns(threads_, sum, *layout);
  });
}

// Squares are rounded as those of the elementwise kernel are.
void CpuBackend::sum_squares(const SumSquaresArgs& args) {
  const int64_t samples = args.x.shape.n;
  PG_ASSERT(args.y.shape == (Shape{samples, 1, 1, 1}));
  dispatch_float(args.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Sum<T> sum{args.x.as<T>(), args.y.as<T>(), 1.0, false};
    sum_rows<Summand::square>(threads_, sum, {samples, args.x.shape.numel() / samples, 1});
  });
}

}  // namespace pg::cpu
