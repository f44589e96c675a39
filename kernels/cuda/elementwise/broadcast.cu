// broadcast.cu: elementwise kernels whose inputs repeat over some extents (contracts:
// kernels/pointwise.h).
//
// Neighbouring extents with the same repetition in both inputs are merged, so the usual patterns
// (same shape, scalar, one value for each sample, pixel or channel) become one or two extents.
// Packs are along the innermost one.
#include <array>

#include "kernels/cuda/block/divider.cuh"
#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/elementwise/map.cuh"

namespace pg::cuda {
namespace {

// --- kernels ---

// Merged extents of y, innermost first, with the strides of a and b along each; 0: repeated.
struct Strides {
  static constexpr int kMost = 4;
  Divider extent[kMost];
  uint32_t a[kMost] = {}, b[kMost] = {};
  int count = 0;

  Strides(const Shape& sa, const Shape& sb, const Shape& sy) {
    const std::array<int64_t, 4> ea{sa.c, sa.w, sa.h, sa.n}, eb{sb.c, sb.w, sb.h, sb.n};
    const std::array<int64_t, 4> ey{sy.c, sy.w, sy.h, sy.n};
    std::array<int64_t, 4> merged{};
    int64_t stride_a = 1, stride_b = 1;
    for (size_t i = 0; i < 4; ++i) {
      PG_ASSERT((ea[i] == ey[i] || ea[i] == 1) && (eb[i] == ey[i] || eb[i] == 1));
      if (ey[i] == 1) continue;
      const int64_t along_a = ea[i] == 1 ? 0 : stride_a, along_b = eb[i] == 1 ? 0 : stride_b;
      stride_a *= ea[i];
      stride_b *= eb[i];
      const int last = count - 1;
      if (count > 0 && along_a == a[last] * merged[last] && along_b == b[last] * merged[last]) {
        merged[last] *= ey[i];
        continue;
      }
      a[count] = static_cast<uint32_t>(along_a);
      b[count] = static_cast<uint32_t>(along_b);
      merged[count++] = ey[i];
    }
    if (count == 0) merged[count++] = 1;
    for (int i = 0; i < count; ++i) extent[i] = Divider(merged[i]);
  }
};

template <typename T, int N>
__device__ __forceinline__ Pack<T, N> load_or_repeat(const T* p, uint32_t stride) {
  if (stride != 0) return load<N>(p);
  Pack<T, N> v;
  const T value = *p;
#pragma unroll
  for (int j = 0; j < N; ++j) v.value[j] = value;
  return v;
}

template <typename A, BinaryOp op>
__device__ __forceinline__ A combine(A a, A b) {
  if constexpr (op == BinaryOp::add) return a + b;
  if constexpr (op == BinaryOp::sub) return a - b;
  if constexpr (op == BinaryOp::mul) return a * b;
  if constexpr (op == BinaryOp::div) return a / b;
}

template <typename T, BinaryOp op>
struct Binary {
  const T *a, *b;
  T* y;
  Strides strides;

  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    uint32_t n = static_cast<uint32_t>(i), from_a = 0, from_b = 0;
#pragma unroll
    for (int d = 0; d < Strides::kMost; ++d) {
      if (d + 1 < strides.count) {
        const uint32_t rest = strides.extent[d].split(n);
        from_a += rest * strides.a[d];
        from_b += rest * strides.b[d];
      } else if (d < strides.count) {
        from_a += n * strides.a[d];
        from_b += n * strides.b[d];
      }
    }
    map_packs(
        y + i, [](A va, A vb) { return combine<A, op>(va, vb); },
        load_or_repeat<T, N>(a + from_a, strides.a[0]),
        load_or_repeat<T, N>(b + from_b, strides.b[0]));
  }
};

template <typename T>
struct Lerp {
  const T *a, *b;
  const Acc<T>* t;
  T* y;
  Divider sample;  // elements per weight: of one sample, or all

  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    const A weight = t[sample.quotient(static_cast<uint32_t>(i))];
    map<N>(
        y + i, [weight](A va, A vb) { return va + (vb - va) * weight; }, a + i, b + i);
  }
};

// One operand of a lerp, times the gate if there is one.
template <typename T>
struct LerpPart {
  const T *x, *gate;
  const Acc<T>* t;
  T* y;
  Acc<T> slope;
  Divider sample;
  bool first;  // operand a

  template <int N>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    const A of_b = t[sample.quotient(static_cast<uint32_t>(i))];
    const A weight = first ? A{1} - of_b : of_b, low = slope;
    if (gate == nullptr) {
      map<N>(
          y + i, [weight](A v) { return v * weight; }, x + i);
      return;
    }
    map<N>(
        y + i,
        [weight, low](A v, A by) {
          const A high = v * weight;
          return by > A{0} ? high : low * high;
        },
        x + i, gate + i);
  }
};

// In units of N elements, which divide all extents. overwrite: one unit of y; add: one unit of the
// copied channels.
template <typename T, int N>
struct CopyChannels {
  const T* x;
  T* y;
  Divider line;         // units per pixel of y: all (overwrite) or the copied ones (add)
  Divider pixels_each;  // pixels of y for one pixel of x
  uint32_t cx, cy, x_first, y_first, count;
  Accumulate accumulate;

  template <int>
  __device__ void apply(int64_t i) const {
    using A = Acc<T>;
    uint32_t pixel = static_cast<uint32_t>(i);
    const uint32_t c = line.split(pixel), from = pixels_each.quotient(pixel) * cx + x_first;
    if (accumulate == Accumulate::add) {
      T* const to = y + int64_t{pixel * cy + y_first + c} * N;
      map<N>(
          to, [](A v, A before) { return before + v; }, x + int64_t{from + c} * N, to);
      return;
    }
    Pack<T, N> v{};
    if (c >= y_first && c < y_first + count) v = load<N>(x + int64_t{from + c - y_first} * N);
    store(y + i * N, v);
  }
};

// --- launchers ---

template <typename T, BinaryOp op>
void launch_binary(Queue& queue, const BinaryArgs& args) {
  const Binary<T, op> f{args.a.as<T>(), args.b.as<T>(), args.y.as<T>(),
                        Strides(args.a.shape, args.b.shape, args.y.shape)};
  const Strides& s = f.strides;
  const bool packs = s.extent[0].divisor() % kPack<T> == 0 && is_aligned(f.y) &&
                     (s.a[0] == 0 || is_aligned(f.a)) && (s.b[0] == 0 || is_aligned(f.b));
  launch_map<kPack<T>>(queue, f, small_count(args.y.shape.numel()), access_if(packs));
}

template <typename T, int N>
void launch_copy_channels(Queue& queue, const CopyChannelsArgs& args) {
  const bool add = args.accumulate == Accumulate::add;
  const Shape &xs = args.x.shape, &ys = args.y.shape;
  const int64_t line = (add ? args.count : ys.c) / N;
  const auto units = [](int64_t channels) { return small_count(channels / N); };
  const CopyChannels<T, N> f{.x = args.x.as<T>(),
                             .y = args.y.as<T>(),
                             .line = Divider(line),
                             .pixels_each = Divider(ys.pixels() / xs.pixels()),
                             .cx = units(xs.c),
                             .cy = units(ys.c),
                             .x_first = units(args.x_first),
                             .y_first = units(args.y_first),
                             .count = units(args.count),
                             .accumulate = args.accumulate};
  small_count(ys.numel() / N);
  launch_map<1>(queue, f, ys.pixels() * line, Access::packs);
}

}  // namespace

void binary(Queue& queue, const BinaryArgs& args) {
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    switch (args.op) {
      case BinaryOp::add:
        return launch_binary<T, BinaryOp::add>(queue, args);
      case BinaryOp::sub:
        return launch_binary<T, BinaryOp::sub>(queue, args);
      case BinaryOp::mul:
        return launch_binary<T, BinaryOp::mul>(queue, args);
      case BinaryOp::div:
        return launch_binary<T, BinaryOp::div>(queue, args);
    }
  });
}

void lerp(Queue& queue, const LerpArgs& args) {
  const Shape& s = args.y.shape;
  PG_ASSERT((args.a || args.b) && (!args.a || args.a.shape == s) && (!args.b || args.b.shape == s));
  PG_ASSERT(!args.gate || (args.gate.shape == s && !(args.a && args.b)));
  PG_ASSERT(args.t.shape == Shape{} || args.t.shape == (Shape{s.n, 1, 1, 1}));
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t sample = s.numel() / args.t.shape.n;
    const bool packs = sample % kPack<T> == 0 || args.t.shape.n == 1;
    const T *const a = args.a.as<T>(), *const b = args.b.as<T>(), *const gate = args.gate.as<T>();
    const auto* const t = args.t.as<Acc<T>>();
    T* const y = args.y.as<T>();
    const Access access = access_if(packs && is_aligned(a, b, gate, y));
    const uint32_t count = small_count(s.numel());
    if (a != nullptr && b != nullptr) {
      return launch_map<kPack<T>>(queue, Lerp<T>{a, b, t, y, Divider(sample)}, count, access);
    }
    const LerpPart<T> f{.x = a != nullptr ? a : b,
                        .gate = gate,
                        .t = t,
                        .y = y,
                        .slope = static_cast<Acc<T>>(args.gate_slope),
                        .sample = Divider(sample),
                        .first = a != nullptr};
    launch_map<kPack<T>>(queue, f, count, access);
  });
}

void copy_channels(Queue& queue, const CopyChannelsArgs& args) {
  const Shape &xs = args.x.shape, &ys = args.y.shape;
  PG_ASSERT(xs.n == ys.n && ((xs.h == ys.h && xs.w == ys.w) || (xs.h == 1 && xs.w == 1)));
  PG_ASSERT(args.x_first >= 0 && args.x_first + args.count <= xs.c);
  PG_ASSERT(args.y_first >= 0 && args.y_first + args.count <= ys.c && args.count >= 0);
  if (args.count == 0 && args.accumulate == Accumulate::add) return;
  dispatch_storage(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t all = xs.c | ys.c | args.x_first | args.y_first | args.count;
    if (all % kPack<T> == 0 && is_aligned(args.x.as<T>(), args.y.as<T>())) {
      return launch_copy_channels<T, kPack<T>>(queue, args);
    }
    launch_copy_channels<T, 1>(queue, args);
  });
}

}  // namespace pg::cuda
