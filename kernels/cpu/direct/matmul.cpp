// matmul.cpp: the direct matrix product.
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/direct/panel.h"
#include "kernels/shapes.h"

namespace pg::cpu {
namespace {

constexpr int64_t kRows = 16;  // rows of the result in one task

template <typename T, int kWidth>
void multiply(int threads, const MatmulArgs& args, MatmulExtents e, const T* a) {
  const bool tb = args.trans_b == Transpose::yes;
  const std::vector<T> packed = pack_panels<T, kWidth>(threads, args.b.as<T>(),
                                                       {.depth = e.depth,
                                                        .outputs = e.columns,
                                                        .depth_stride = tb ? 1 : e.columns,
                                                        .output_stride = tb ? e.depth : 1});
  const T* const panels = packed.data();
  T* const y = args.y.as<T>();
  const T scale = static_cast<T>(args.scale);
  const bool add = args.accumulate == Accumulate::add;
  const int64_t blocks = ceil_div(e.rows, kRows);
  parallel_for(threads, ceil_div(e.columns, kWidth) * blocks, 1, [=](int64_t begin, int64_t) {
    const int64_t panel = begin / blocks, row0 = begin % blocks * kRows;
    const int64_t width = std::min<int64_t>(kWidth, e.columns - panel * kWidth);
    for (int64_t m = row0; m < std::min(e.rows, row0 + kRows); ++m) {
      T acc[kWidth] = {};
      add_row_times_panel<T, kWidth>(a + m * e.depth, panels + panel * e.depth * kWidth, e.depth,
                                     acc);
      T* const out = y + m * e.columns + panel * kWidth;
      for (int64_t j = 0; j < width; ++j) out[j] = scale * acc[j] + (add ? out[j] : T{0});
    }
  });
}

}  // namespace

void CpuBackend::matmul(const MatmulArgs& args) {
  if (fast_ && args.y.dtype == DType::f32 && fast_->matmul(args)) return;
  const MatmulExtents e = matmul_extents(args);
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* a = args.a.as<T>();
    std::vector<T> transposed;
    if (args.trans_a == Transpose::yes) {
      transposed = pack_panels<T, 1>(
          threads_, a,
          {.depth = e.depth, .outputs = e.rows, .depth_stride = e.rows, .output_stride = 1});
      a = transposed.data();
    }
    dispatch_width(e.columns,
                   [&](auto width) { multiply<T, decltype(width)::value>(threads_, args, e, a); });
  });
}

}  // namespace pg::cpu
