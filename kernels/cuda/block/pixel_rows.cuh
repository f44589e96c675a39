// pixel_rows.cuh: work divided by pixels, for sums over the channels of each.
//
// A pixel belongs to a warp, or to a part of one if its channels fit into a few packs.
#pragma once

#include <type_traits>

#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/sums.cuh"

namespace pg::cuda {

constexpr int kMostPacks = 4;  // of a lane, in registers

// The pixel and channels of a thread: K packs of N in each tile of lanes * K * N channels.
struct PixelRows {
  int64_t pixels;
  int channels, lanes;
  Access access;

  __device__ int64_t pixel() const {
    const int in_block = static_cast<int>(threadIdx.x) / lanes;
    return int64_t{blockIdx.x} * (static_cast<int>(blockDim.x) / lanes) + in_block;
  }
  template <int N>
  __device__ int channel(int tile, int k) const {
    return (tile + k * lanes + (static_cast<int>(threadIdx.x) & (lanes - 1))) * N;
  }
  __device__ int packs(int n) const { return channels / n; }

  template <int N, int K, typename T>
  __device__ void load_tile(const T* row, int tile, Pack<T, N> (&v)[K]) const {
    const int end = pixel() < pixels ? channels : 0;  // all lanes take part in the sums
#pragma unroll
    for (int k = 0; k < K; ++k) {
      const int c = channel<N>(tile, k);
      v[k] = Pack<T, N>{};
      if (c < end) v[k] = load<N>(row + c, access);
    }
  }
};

template <int n>
using Int = std::integral_constant<int, n>;

// Calls f(Int<N>, Int<K>, rows, blocks) for blocks of `threads` threads. The layout decides the
// order of sums, so it depends on the shape only, not on addresses.
template <typename T, typename F>
void with_pixel_rows(const Shape& s, Access access, int threads, F f) {
  constexpr int kN = kPack<T>;
  const int64_t packs = s.c % kN == 0 ? s.c / kN : s.c;
  const int lanes = power_of_two(packs, kWarp);
  PG_ASSERT(s.c < int64_t{1} << 30);
  const PixelRows rows{s.pixels(), static_cast<int>(s.c), lanes, access};
  const int64_t blocks = ceil_div(s.pixels(), threads / lanes);
  if (s.c % kN != 0) return f(Int<1>{}, Int<kMostPacks>{}, rows, blocks);
  if (packs <= kWarp) return f(Int<kN>{}, Int<1>{}, rows, blocks);
  if (packs <= 2 * kWarp) return f(Int<kN>{}, Int<2>{}, rows, blocks);
  f(Int<kN>{}, Int<kMostPacks>{}, rows, blocks);
}

}  // namespace pg::cuda
