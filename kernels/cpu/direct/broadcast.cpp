// broadcast.cpp: elementwise kernels whose inputs repeat along some extents.
#include <array>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"

namespace pg::cpu {
namespace {

// One or more neighbouring extents of y, with the strides of a and b along them; 0: repeated.
struct Dim {
  int64_t extent, a, b;
};

std::array<int64_t, 4> extents_of(const Shape& s) { return {s.n, s.h, s.w, s.c}; }

// y as a list of runs along `inner`; within a run, a and b are each contiguous (stride 1) or one
// value (stride 0). Neighbouring extents that a and b treat alike are merged, so the usual patterns
// become one long run (same shape, scalar), or rows with a shared row vector or one value per row.
struct Runs {
  std::array<Dim, 4> outer{};  // outermost first
  int outer_count = 0;
  Dim inner{1, 0, 0};

  Runs(const Shape& a, const Shape& b, const Shape& y) {
    const auto ea = extents_of(a), eb = extents_of(b), ey = extents_of(y);
    std::array<Dim, 4> dims{};  // innermost first
    int count = 0;
    int64_t stride_a = 1, stride_b = 1;
    for (size_t i = 4; i-- > 0;) {
      PG_ASSERT((ea[i] == ey[i] || ea[i] == 1) && (eb[i] == ey[i] || eb[i] == 1));
      if (ey[i] == 1) continue;
      const Dim dim{ey[i], ea[i] == 1 ? 0 : stride_a, eb[i] == 1 ? 0 : stride_b};
      stride_a *= ea[i];
      stride_b *= eb[i];
      Dim* const last = count > 0 ? &dims[static_cast<size_t>(count - 1)] : nullptr;
      if (last != nullptr && dim.a == last->a * last->extent && dim.b == last->b * last->extent) {
        last->extent *= dim.extent;
      } else {
        dims[static_cast<size_t>(count++)] = dim;
      }
    }
    if (count > 0) inner = dims[0];
    for (int i = count - 1; i > 0; --i) {
      outer[static_cast<size_t>(outer_count++)] = dims[static_cast<size_t>(i)];
    }
  }

  // Calls f(y offset, a offset, b offset, count) for each piece of [begin, end) within one run.
  template <typename F>
  void for_each(int64_t begin, int64_t end, F f) const {
    while (begin < end) {
      int64_t rest = begin / inner.extent;
      const int64_t within = begin % inner.extent;
      int64_t a = within * inner.a, b = within * inner.b;
      for (int i = outer_count; i-- > 0;) {
        const Dim& dim = outer[static_cast<size_t>(i)];
        a += rest % dim.extent * dim.a;
        b += rest % dim.extent * dim.b;
        rest /= dim.extent;
      }
      const int64_t count = std::min(inner.extent - within, end - begin);
      f(begin, a, b, count);
      begin += count;
    }
  }
};

template <typename T, typename Op>
void apply_binary(int threads, const BinaryArgs& args, Op op) {
  const Runs runs(args.a.shape, args.b.shape, args.y.shape);
  const T* const a = args.a.as<T>();
  const T* const b = args.b.as<T>();
  T* const y = args.y.as<T>();
  const bool a_repeats = runs.inner.a == 0, b_repeats = runs.inner.b == 0;
  parallel_for(threads, args.y.shape.numel(), kGrain, [=, &runs](int64_t begin, int64_t end) {
    runs.for_each(begin, end, [=](int64_t to, int64_t from_a, int64_t from_b, int64_t count) {
      T* const yr = y + to;
      const T* const ar = a + from_a;
      const T* const br = b + from_b;
      if (!a_repeats && !b_repeats) {
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) yr[i] = op(ar[i], br[i]);
      } else if (!a_repeats) {
        const T bv = *br;
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) yr[i] = op(ar[i], bv);
      } else {
        const T av = *ar;
        const int64_t stride = b_repeats ? 0 : 1;
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) yr[i] = op(av, br[i * stride]);
      }
    });
  });
}

}  // namespace

void CpuBackend::binary(const BinaryArgs& args) {
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    switch (args.op) {
      case BinaryOp::add:
        return apply_binary<T>(threads_, args, [](T a, T b) { return a + b; });
      case BinaryOp::sub:
        return apply_binary<T>(threads_, args, [](T a, T b) { return a - b; });
      case BinaryOp::mul:
        return apply_binary<T>(threads_, args, [](T a, T b) { return a * b; });
      case BinaryOp::div:
        return apply_binary<T>(threads_, args, [](T a, T b) { return a / b; });
    }
  });
}

namespace {

// y = lerp(a, b, t) for one weight, with zeros for an absent operand, and the gate.
template <typename T>
struct Lerp {
  const T *a, *b, *gate;
  T *y, slope;

  template <typename F>
  void apply(int64_t first, int64_t last, F f) const {
    if (gate == nullptr) {
#pragma omp simd
      for (int64_t i = first; i < last; ++i) y[i] = f(i);
      return;
    }
#pragma omp simd
    for (int64_t i = first; i < last; ++i) {
      const T high = f(i), low = slope * high;
      y[i] = gate[i] > T{0} ? high : low;
    }
  }
  void operator()(int64_t first, int64_t last, T t) const {
    const T rest = T{1} - t;
    if (a == nullptr) return apply(first, last, [=, this](int64_t i) { return b[i] * t; });
    if (b == nullptr) return apply(first, last, [=, this](int64_t i) { return a[i] * rest; });
    apply(first, last, [=, this](int64_t i) { return a[i] + (b[i] - a[i]) * t; });
  }
};

}  // namespace

void CpuBackend::lerp(const LerpArgs& args) {
  const Shape& s = args.y.shape;
  PG_ASSERT((args.a || args.b) && (!args.a || args.a.shape == s) && (!args.b || args.b.shape == s));
  PG_ASSERT(!args.gate || args.gate.shape == s);
  PG_ASSERT(args.t.shape == Shape{} || args.t.shape == (Shape{s.n, 1, 1, 1}));
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Lerp<T> lerp{args.a.as<T>(), args.b.as<T>(), args.gate.as<T>(), args.y.as<T>(),
                       static_cast<T>(args.gate_slope)};
    const T* const t = args.t.as<T>();
    const int64_t step = args.t.shape.n == 1 ? 0 : 1;
    const int64_t sample = s.numel() / s.n;
    parallel_for(threads_, s.numel(), kGrain, [=](int64_t begin, int64_t end) {
      for (int64_t first = begin; first < end;) {
        const int64_t last = std::min(end, (first / sample + 1) * sample);
        lerp(first, last, t[first / sample * step]);
        first = last;
      }
    });
  });
}

void CpuBackend::copy_channels(const CopyChannelsArgs& args) {
  const Shape &xs = args.x.shape, &ys = args.y.shape;
  PG_ASSERT(xs.n == ys.n && ((xs.h == ys.h && xs.w == ys.w) || (xs.h == 1 && xs.w == 1)));
  PG_ASSERT(args.x_first >= 0 && args.x_first + args.count <= xs.c);
  PG_ASSERT(args.y_first >= 0 && args.y_first + args.count <= ys.c && args.count >= 0);
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = args.x.as<T>() + args.x_first;
    T* const y = args.y.as<T>();
    const int64_t cx = xs.c, cy = ys.c, first = args.y_first, count = args.count;
    const int64_t pixels_for_one = ys.pixels() / xs.pixels();
    const bool add = args.accumulate == Accumulate::add;
    parallel_for(threads_, ys.pixels(), std::max<int64_t>(1, kGrain / cy),
                 [=](int64_t begin, int64_t end) {
                   for (int64_t pixel = begin; pixel < end; ++pixel) {
                     const T* const from = x + pixel / pixels_for_one * cx;
                     T* const to = y + pixel * cy;
                     if (add) {
                       for (int64_t c = 0; c < count; ++c) to[first + c] += from[c];
                     } else {
                       std::fill(to, to + first, T{0});
                       std::copy(from, from + count, to + first);
                       std::fill(to + first + count, to + cy, T{0});
                     }
                   }
                 });
  });
}

}  // namespace pg::cpu
