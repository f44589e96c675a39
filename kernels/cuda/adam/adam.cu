// adam.cu: the optimizer's step (contract: kernels/adam.h).
//
// One pass over all buffers. Learning rate and step number are in device memory, so each block
// computes the constants that follow from them; a grid no larger than the device keeps that cheap.
// Packed filters are written in the same launch, from the updated taps in a block's shared memory
// (adam_plan.h): no launch per layer, and no second read.
#include <cmath>

#include "kernels/cuda/adam/adam_plan.h"
#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/conv/filters/filter_tile.cuh"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {
namespace {

constexpr int kThreads = kTileThreads;

// --- kernels ---

// N neighbouring elements, or N elements `stride` apart.
struct Neighbours {
  template <int N, typename T>
  __device__ Pack<T, N> load(const T* p) const {
    return cuda::load<N>(p);
  }
  template <int N, typename T>
  __device__ void store(T* p, const Pack<T, N>& v) const {
    cuda::store(p, v);
  }
};
struct Apart {
  int64_t stride;

  template <int N, typename T>
  __device__ Pack<T, N> load(const T* p) const {
    Pack<T, N> v;
#pragma unroll
    for (int j = 0; j < N; ++j) v.value[j] = p[j * stride];
    return v;
  }
  template <int N, typename T>
  __device__ void store(T* p, const Pack<T, N>& v) const {
#pragma unroll
    for (int j = 0; j < N; ++j) p[j * stride] = v.value[j];
  }
};

// w -= step * m / (sqrt(v) * root_scale + eps) is both published forms of Adam.
template <typename T>
struct Constants {
  T step, root_scale;
  bool apply;
};

template <typename T>
struct Adam {
  T *w, *v, *m, *average;  // m null: m is g; average null: no EMA
  const T* g;
  const double *lr, *t, *stats;
  double beta1_exact, beta2_exact;
  T beta1, rest1, beta2, rest2, eps, pull;
  AdamEpsilon epsilon;
  EmaOrder ema_order;

  __device__ Constants<T> constants() const {
    const double correction1 = 1.0 - std::pow(beta1_exact, *t);
    const double correction2 = std::sqrt(1.0 - std::pow(beta2_exact, *t));
    const bool inside = epsilon == AdamEpsilon::tensorflow;
    return {static_cast<T>(*lr / correction1 * (inside ? correction2 : 1.0)),
            static_cast<T>(inside ? 1.0 : 1.0 / correction2), stats[0] != 0.0};
  }

  // Updates N elements from i on; returns w. All loads precede all uses. Sums that a compiler could
  // contract in two ways are written as fma: an element gets the same bits wherever it is updated.
  template <int N, typename Layout>
  __device__ Pack<T, N> update(int64_t i, const Constants<T>& c, Layout layout) const {
    Pack<T, N> wi = layout.template load<N>(w + i), gi{}, vi{}, mi{}, ai{};
    if (average != nullptr) ai = layout.template load<N>(average + i);
    if (c.apply) {
      gi = layout.template load<N>(g + i);
      vi = layout.template load<N>(v + i);
      if (m != nullptr) mi = layout.template load<N>(m + i);
    }
#pragma unroll
    for (int j = 0; j < N; ++j) {
      const T before = wi.value[j], gj = gi.value[j];
      if (c.apply) {
        const T moment = m == nullptr ? gj : std::fma(rest1, gj, beta1 * mi.value[j]);
        vi.value[j] = std::fma(rest2, gj * gj, beta2 * vi.value[j]);
        mi.value[j] = moment;
        wi.value[j] -= c.step * moment / std::fma(std::sqrt(vi.value[j]), c.root_scale, eps);
      }
      const T of = ema_order == EmaOrder::before_update ? before : wi.value[j];
      ai.value[j] = std::fma(of - ai.value[j], pull, ai.value[j]);
    }
    if (average != nullptr) layout.store(average + i, ai);
    if (!c.apply) return wi;
    layout.store(w + i, wi);
    layout.store(v + i, vi);
    if (m != nullptr) layout.store(m + i, mi);
    return wi;
  }

  // Elements first to end - 1, at most one pack per thread.
  __device__ void update_tile(int64_t first, int64_t end, const Constants<T>& c,
                              Access access) const {
    constexpr int N = kPack<T>;
    if (access == Access::packs && first % N == 0 && first + kThreads * N <= end) {
      update<N>(first + static_cast<int>(threadIdx.x) * N, c, Neighbours{});
    } else {
      for (int64_t i = first + threadIdx.x; i < end; i += kThreads) update<1>(i, c, Neighbours{});
    }
  }
};

template <typename T>
__global__ void __launch_bounds__(kThreads)
    adam_kernel(Adam<T> adam, int64_t count, Access access) {
  ptx::follow_earlier_kernels();
  constexpr int kTile = kThreads * kPack<T>;
  alignas(16) __shared__ Constants<T> shared;
  if (threadIdx.x == 0) shared = adam.constants();
  __syncthreads();
  const Constants<T> c = shared;
  for (int64_t first = int64_t{blockIdx.x} * kTile; first < count;
       first += int64_t{gridDim.x} * kTile) {
    adam.update_tile(first, first + kTile < count ? first + kTile : count, c, access);
  }
}

// Updates a tile of a filter, and stores it in `tile`. Three taps at a time fill the memory
// pipeline; nine would not fit into registers.
__device__ void update_filter_tile(const Adam<float>& adam, const AdamPart& part,
                                   const TilePosition& at, const Constants<float>& constants,
                                   FilterTile& tile) {
  constexpr int kTaps = 9, kAtOnce = 3;
  const int lane = static_cast<int>(threadIdx.x) % kFilterTile, c = at.first_c + lane;
  for (int row = static_cast<int>(threadIdx.x) / kFilterTile; row < kFilterTile;
       row += kThreads / kFilterTile) {
    const int k = at.first_k + row;
    const bool inside = k < at.k && c < at.c;
#pragma unroll 1
    for (int t = 0; t < kTaps; t += kAtOnce) {
      Pack<float, kAtOnce> w{};
      if (inside) {
        const int64_t i = part.first + (static_cast<int64_t>(k) * kTaps + t) * at.c + c;
        w = adam.update<kAtOnce>(i, constants, Apart{at.c});
      }
#pragma unroll
      for (int j = 0; j < kAtOnce; ++j) tile[t + j][row][lane] = w.value[j];
    }
  }
}

__global__ void __launch_bounds__(kThreads, 4)
    adam_with_filters_kernel(const __grid_constant__ Adam<float> adam,
                             const __grid_constant__ AdamPlan plan, Access access) {
  ptx::follow_earlier_kernels();
  static_assert(AdamPlan::kFlatTile == kThreads * kPack<float>);
  alignas(16) __shared__ Constants<float> shared;
  alignas(16) __shared__ FilterTile tile;
  if (threadIdx.x == 0) shared = adam.constants();
  __syncthreads();
  const Constants<float> c = shared;
  int next = 0;
  for (int t = static_cast<int>(blockIdx.x); t < plan.tiles; t += static_cast<int>(gridDim.x)) {
    while (next < plan.parts && plan.part[next].first_tile <= t) ++next;
    const AdamPart& part = plan.part[next - 1];
    const int index = t - part.first_tile;
    if (part.k == 0) {
      const int64_t first = part.first + int64_t{index} * AdamPlan::kFlatTile;
      const int64_t end = part.first + part.count;
      adam.update_tile(first, min(first + AdamPlan::kFlatTile, end), c, access);
    } else {
      const int across = (part.c + kFilterTile - 1) / kFilterTile;
      const TilePosition at{.k = part.k,
                            .c = part.c,
                            .side = 3,
                            .first_k = index / across * kFilterTile,
                            .first_c = index % across * kFilterTile};
      update_filter_tile(adam, part, at, c, tile);
      __syncthreads();
      for (int i = 0; i < part.copies; ++i) write_packed(tile, at, plan.copy[part.first_copy + i]);
      __syncthreads();
    }
  }
}

// --- launchers ---

template <typename T>
Adam<T> parameters_of(const AdamArgs& args) {
  return {.w = args.w.as<T>(),
          .v = args.v.as<T>(),
          .m = args.m.as<T>(),
          .average = args.ema.as<T>(),
          .g = args.g.as<T>(),
          .lr = args.lr.as<double>(),
          .t = args.t.as<double>(),
          .stats = args.stats.as<double>(),
          .beta1_exact = args.beta1,
          .beta2_exact = args.beta2,
          .beta1 = static_cast<T>(args.beta1),
          .rest1 = static_cast<T>(1.0 - args.beta1),
          .beta2 = static_cast<T>(args.beta2),
          .rest2 = static_cast<T>(1.0 - args.beta2),
          .eps = static_cast<T>(args.eps),
          .pull = static_cast<T>(1.0 - args.ema_decay),
          .epsilon = args.epsilon,
          .ema_order = args.ema_order};
}

template <typename T>
Access access_of(const Adam<T>& f) {
  return access_if(is_aligned(f.w, f.v, f.m, f.average, f.g));
}

void adam_with_packed_filters(Queue& queue, const AdamArgs& args,
                              const std::vector<PackedFilters::InUse>& copies) {
  static_assert(sizeof(AdamPlan) + sizeof(Adam<float>) + sizeof(Access) <= 4096);  // of arguments
  const Adam<float> f = parameters_of<float>(args);
  for (const AdamPlan& plan : adam_plans(f.w, args.w.shape.numel(), copies)) {
    constexpr int kBlocksPerProcessor = 4;
    const int blocks = std::min(plan.tiles, queue.processors() * kBlocksPerProcessor);
    launch(queue, adam_with_filters_kernel,
           {.grid = dim3(static_cast<unsigned>(blocks)), .block = dim3(kThreads)}, f, plan,
           access_of(f));
  }
  packed_filters(queue).mark_written(copies, args.w.version);
}

}  // namespace

void adam(Queue& queue, const AdamArgs& args) {
  const int64_t count = args.w.shape.numel();
  PG_ASSERT(args.v.shape.numel() == count && args.g.shape.numel() == count);
  PG_ASSERT(args.m ? args.m.shape.numel() == count : args.beta1 == 0.0);
  PG_ASSERT(!args.ema || args.ema.shape.numel() == count);
  PG_ASSERT(args.w.previous == 0 || args.w.version != args.w.previous);
  if (args.w.dtype == DType::f32 && args.w.previous != 0) {
    const auto copies = packed_filters(queue).in_use(args.w);
    if (!copies.empty()) return adam_with_packed_filters(queue, args, copies);
  }
  dispatch_float(args.w.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Adam<T> f = parameters_of<T>(args);
    launch(queue, adam_kernel<T>, stride_grid(queue, ceil_div(count, kPack<T>), kThreads), f, count,
           access_of(f));
  });
}

}  // namespace pg::cuda
