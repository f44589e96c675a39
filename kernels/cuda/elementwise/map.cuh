// map.cuh: elementwise kernels as functors over packs.
//
// A functor has `template <int N> void apply(int64_t i) const` for elements i to i + N - 1. A
// thread processes one pack of 16 bytes: with all threads of a processor resident, 32 KiB are in
// flight for each input, more than memory latency requires. Without packs (odd addresses or
// extents, the last block) the same functor runs element by element.
#pragma once

#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {

inline constexpr int kMapThreads = 256;

namespace {

template <int N, typename F>
__global__ void __launch_bounds__(kMapThreads) map_kernel(F f, int64_t count, Access access) {
  ptx::follow_earlier_kernels();
  constexpr int kTile = kMapThreads * N;
  const int64_t first = int64_t{blockIdx.x} * kTile;
  if (access == Access::packs && first + kTile <= count) {
    f.template apply<N>(first + static_cast<int>(threadIdx.x) * N);
  } else {
    const int64_t end = first + kTile < count ? first + kTile : count;
    for (int64_t i = first + threadIdx.x; i < end; i += kMapThreads) f.template apply<1>(i);
  }
}

}  // namespace

// Applies f to `count` elements in packs of N. Access::packs requires aligned pointers, and every
// extent that a pack may not cross must be divisible by N.
template <int N, typename F>
void launch_map(const Queue& queue, const F& f, int64_t count, Access access) {
  const int64_t blocks = ceil_div(count, kMapThreads * N);
  launch(queue, map_kernel<N, F>,
         {.grid = dim3(static_cast<unsigned>(blocks)), .block = dim3(kMapThreads)}, f, count,
         access);
}

// y[j] = f(x[j]...) for each element of a pack, computed in Acc and rounded once.
template <typename Y, int N, typename F, typename... X>
__device__ __forceinline__ void map_packs(Y* y, F f, const Pack<X, N>&... x) {
  Pack<Y, N> out;
#pragma unroll
  for (int j = 0; j < N; ++j) out.value[j] = from_acc<Y>(f(to_acc(x.value[j])...));
  store(y, out);
}
template <int N, typename Y, typename F, typename... X>
__device__ __forceinline__ void map(Y* y, F f, const X*... x) {
  map_packs(y, f, load<N>(x)...);
}

}  // namespace pg::cuda
