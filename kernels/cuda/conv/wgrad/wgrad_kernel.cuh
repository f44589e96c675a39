// wgrad_kernel.cuh: the tensor-core weight gradient, one kernel for bf16, tf32 and every tile.
//
// All taps of a warp's channels are summed in registers; the only sums between threads are those of
// warps that share a patch, in the order of warps. The bias gradient multiplies fragments that are
// in registers already by ones.
#pragma once

#include "kernels/cuda/block/mma_fragments.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/conv/wgrad/wgrad_patch.cuh"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {

// --- kernels ---

// A warp's position in its block, and its sums.
template <typename T, int tile_index>
struct WarpSums {
  using Stage = PatchStage<T, tile_index>;
  static constexpr WgradTile tile = kWgradTiles[tile_index];
  using F = Fragments<T>;
  static constexpr int kTaps = tile.taps(), kBias = tile.bias_sums() / 4;
  static constexpr int kRegisters = tile.sums() + tile.bias_sums();

  float sums[tile.frags_a][kTaps][tile.frags_b][4] = {};
  float bias[kBias][4] = {};
  int lane = static_cast<int>(threadIdx.x) % 32;
  // In bytes: the places in a stage's patches that the lane reads in the first step, and the
  // distance between its rows of the high one.
  uint32_t low_at, high_at, high_apart = 0;

  __device__ explicit WarpSums(const WgradParams<T>& p) {
    low_at = keep(F::offset_a(lane, Stage::kLdA) + column_a() + warp_k() * F::kDepth * Stage::kLdA);
    // Bits of a pixel are independent.
    high_at =
        keep(Stage::high_row(p, F::first_row(lane)) + Stage::high_row(p, warp_k() * F::kDepth) +
             column_b() + F::template first_column<tile.frags_b>(lane));
    if (F::kRows > 1) high_apart = keep(Stage::high_row(p, F::kRowsApart));
  }

  static __device__ int warp() { return static_cast<int>(threadIdx.x) / 32; }
  static __device__ int warp_a() { return warp() % tile.warps_a; }
  static __device__ int warp_b() { return warp() / tile.warps_a % tile.warps_b; }
  static __device__ int warp_k() { return warp() / tile.warps_a / tile.warps_b; }
  static __device__ __forceinline__ uint32_t bytes(int elements) {
    return static_cast<uint32_t>(elements) * static_cast<uint32_t>(sizeof(T));
  }
  // An offset that a register keeps, since computing it again takes as long as a step's products.
  static __device__ __forceinline__ uint32_t keep(int elements) {
    return ptx::unknown(bytes(elements));
  }
  __device__ int column_a() const { return warp_a() * tile.frags_a * 16; }
  __device__ int column_b() const { return warp_b() * tile.frags_b * 8; }

  // Adds this warp's share of a patch. bias_from: none unless this warp also sums db.
  __device__ __forceinline__ void add(const WgradParams<T>& p, const Stage& stage,
                                      BiasFrom bias_from) {
    constexpr int kStepPixels = F::kDepth * tile.warps_k, kSteps = Stage::kPixels / kStepPixels;
    static_assert(kSteps == 1 || kSteps == 2 || kSteps == 4);
    const char* low = reinterpret_cast<const char*>(stage.low) + low_at;
    const char* high = reinterpret_cast<const char*>(stage.high) + high_at;
    const uint32_t one = bytes(Stage::high_row(p, kStepPixels % Stage::kPixels));
    const uint32_t two = bytes(Stage::high_row(p, 2 * kStepPixels % Stage::kPixels));
#pragma unroll 1
    for (int step = 0; step < kSteps; ++step) {
      uint32_t a[tile.frags_a][4];
#pragma unroll
      for (int i = 0; i < tile.frags_a; ++i) {
        F::load_a(a[i], reinterpret_cast<const T*>(low) + i * 16, Stage::kLdA);
      }
      add_taps(p, a, high, bias_from == BiasFrom::high);
      if (bias_from == BiasFrom::low) {
        const uint32_t ones[2] = {F::kOnes, F::kOnes};
#pragma unroll
        for (int i = 0; i < tile.frags_a; ++i) F::multiply(bias[i], a[i], ones);
      }
      low += kStepPixels * Stage::kLdA * sizeof(T);
      high += step % 2 == 0 ? one : two - one;  // after the last step it is not read any more
    }
  }

 private:
  // The fragment of the next tap is loaded while the current one is multiplied. The four middle
  // taps of a folded filter together cover each high pixel exactly once.
  __device__ __forceinline__ void add_taps(const WgradParams<T>& p,
                                           const uint32_t (&a)[tile.frags_a][4], const char* high,
                                           bool high_bias) {
    const auto load_tap = [&](int tap, uint32_t(&b)[tile.frags_b][2]) {
      const char* const at =
          high + bytes(Stage::tap_offset(p, tap / tile.taps_w, tap % tile.taps_w));
      const T* rows[F::kRows];
#pragma unroll
      for (int i = 0; i < F::kRows; ++i) {
        rows[i] = reinterpret_cast<const T*>(at + static_cast<uint32_t>(i) * high_apart);
      }
      F::template load_b<tile.frags_b>(b, rows);
    };
    uint32_t b[2][tile.frags_b][2];
    load_tap(0, b[0]);
#pragma unroll
    for (int tap = 0; tap < kTaps; ++tap) {
      if (tap + 1 < kTaps) load_tap(tap + 1, b[(tap + 1) & 1]);
#pragma unroll
      for (int i = 0; i < tile.frags_a; ++i) {
#pragma unroll
        for (int j = 0; j < tile.frags_b; ++j) {
          F::multiply(sums[i][tap][j], a[i], b[tap & 1][j]);
        }
      }
      const int r = tap / tile.taps_w, s = tap % tile.taps_w;
      if (tile.stride == 2 && (r == 1 || r == 2) && (s == 1 || s == 2) && high_bias) {
        const uint32_t ones[4] = {F::kOnes, F::kOnes, F::kOnes, F::kOnes};
#pragma unroll
        for (int j = 0; j < tile.frags_b; ++j) F::multiply(bias[j], ones, b[tap & 1][j]);
      }
    }
  }
};

// Adds the sums of warps that share patches to the first of them, through shared memory.
template <typename T, int tile_index>
__device__ __forceinline__ void join_warps(WarpSums<T, tile_index>& warp, float* smem) {
  constexpr WgradTile tile = kWgradTiles[tile_index];
  constexpr int kRegisters = WarpSums<T, tile_index>::kRegisters;
  float* const at =
      smem + (warp.warp_b() * tile.warps_a + warp.warp_a()) * kRegisters * 32 + warp.lane;
  const auto for_each = [&](auto f) {
    int i = 0;
#pragma unroll
    for (auto& by_tap : warp.sums) {
#pragma unroll
      for (auto& by_b : by_tap) {
#pragma unroll
        for (auto& four : by_b) {
#pragma unroll
          for (float& v : four) f(v, at[32 * i++]);
        }
      }
    }
#pragma unroll
    for (auto& four : warp.bias) {
#pragma unroll
      for (float& v : four) f(v, at[32 * i++]);
    }
  };
  for (int k = 1; k < tile.warps_k; ++k) {
    if (warp.warp_k() == k) for_each([](float& mine, float& shared) { shared = mine; });
    __syncthreads();
    if (warp.warp_k() == 0) for_each([](float& mine, float& shared) { mine += shared; });
    __syncthreads();
  }
}

// The first of a lane's two neighbouring columns in a fragment.
__device__ __forceinline__ int mma_column(int lane) { return (lane & 3) * 2; }

// Stores two sums of neighbouring channels, of which `left` exist. Of a plain float2, nvcc makes
// two stores; another kernel reads them, from L2.
__device__ __forceinline__ void store_pair(float* at, float first, float second, int left,
                                           Access access) {
  if (access == Access::packs) {
    return __stcg(reinterpret_cast<float2*>(at), make_float2(first, second));
  }
  at[0] = first;
  if (left > 1) at[1] = second;
}

// [K, taps, C] with rows of the product = K: four lanes store eight neighbouring floats.
template <typename T, int tile_index>
__device__ __forceinline__ void store_rows(const WarpSums<T, tile_index>& warp,
                                           const WgradParams<T>& p, float* out, int a0, int b0) {
  using Warp = WarpSums<T, tile_index>;
  const Access access = access_if(p.channels_b % 2 == 0);
#pragma unroll
  for (int j = 0; j < Warp::tile.frags_b; ++j) {
    const int b = b0 + j * 8 + mma_column(warp.lane), left = p.channels_b - b;
#pragma unroll
    for (int i = 0; i < 2 * Warp::tile.frags_a; ++i) {
      const int a = a0 + i / 2 * 16 + Warp::F::channel_a(warp.lane, i % 2), d = i % 2 * 2;
      if (a >= p.channels_a || left < 1) continue;
      float* at = out + int64_t{a} * Warp::kTaps * p.channels_b + b;
#pragma unroll
      for (int tap = 0; tap < Warp::kTaps; ++tap, at += p.channels_b) {
        const float(&sums)[4] = warp.sums[i / 2][tap][j];
        store_pair(at, sums[d], sums[d + 1], left, access);
      }
    }
  }
}

// [K, taps, C] with columns = K and the taps in reversed order: eight lanes store neighbouring
// floats, or pairs of them.
template <typename T, int tile_index>
__device__ __forceinline__ void store_columns(const WarpSums<T, tile_index>& warp,
                                              const WgradParams<T>& p, float* out, int a0, int b0) {
  using Warp = WarpSums<T, tile_index>;
  constexpr bool kPairs = Warp::F::kPairs;
  const Access access = access_if(p.channels_a % 2 == 0);
  const int a = a0 + Warp::F::channel_a(warp.lane, 0);
#pragma unroll
  for (int e = 0; e < 2 * Warp::tile.frags_b; ++e) {
    const int b = b0 + e / 2 * 8 + mma_column(warp.lane) + e % 2;
    if (b >= p.channels_b) continue;
    float* at = out + (int64_t{b} * Warp::kTaps + Warp::kTaps - 1) * p.channels_a + a;
#pragma unroll
    for (int tap = 0; tap < Warp::kTaps; ++tap, at -= p.channels_a) {
#pragma unroll
      for (int i = 0; i < Warp::tile.frags_a; ++i) {
        const float first = warp.sums[i][tap][e / 2][e % 2];
        const float second = warp.sums[i][tap][e / 2][e % 2 + 2];
        const int left = p.channels_a - a - i * 16;
        if constexpr (kPairs) {
          if (left > 0) store_pair(at + i * 16, first, second, left, access);
        } else {
          if (left > 0) at[i * 16] = first;
          if (left > 8) at[i * 16 + 8] = second;
        }
      }
    }
  }
}

template <typename T, int tile_index>
__device__ __forceinline__ void store_sums(const WarpSums<T, tile_index>& warp,
                                           const WgradParams<T>& p, int a0, int b0) {
  constexpr WgradTile tile = kWgradTiles[tile_index];
  constexpr int kTaps = WarpSums<T, tile_index>::kTaps;
  float* const out = p.partial + int64_t{blockIdx.y} * p.channels_a * p.channels_b * kTaps;
  if constexpr (tile.stride == 2) {
    if (p.reversed) return store_columns(warp, p, out, a0, b0);
  }
  store_rows(warp, p, out, a0, b0);
}

// All columns (low) or rows (high) of the product with ones are equal.
template <typename T, int tile_index>
__device__ __forceinline__ void store_bias(const WarpSums<T, tile_index>& warp,
                                           const WgradParams<T>& p, int a0, int b0, BiasFrom from) {
  using Warp = WarpSums<T, tile_index>;
  const int channels = p.reversed ? p.channels_b : p.channels_a;
  float* const out = p.bias + int64_t{blockIdx.y} * channels;
  if (from == BiasFrom::low) {
#pragma unroll
    for (int i = 0; i < 2 * Warp::tile.frags_a; ++i) {
      const int k = a0 + i / 2 * 16 + Warp::F::channel_a(warp.lane, i % 2);
      if ((warp.lane & 3) == 0 && k < channels) out[k] = warp.bias[i / 2][i % 2 * 2];
    }
  } else {
#pragma unroll
    for (int i = 0; i < 2 * Warp::tile.frags_b; ++i) {
      const int k = b0 + i / 2 * 8 + mma_column(warp.lane) + i % 2;
      if (warp.lane < 4 && k < channels) out[k] = warp.bias[i / 2][i % 2];
    }
  }
}

namespace {

template <typename T, int tile_index>
__global__ void __launch_bounds__(kWgradTiles[tile_index].threads(), kWgradTiles[tile_index].blocks)
    wgrad_kernel(const WgradParams<T> p) {
  ptx::follow_earlier_kernels();
  using Stage = PatchStage<T, tile_index>;
  constexpr WgradTile tile = kWgradTiles[tile_index];
  constexpr int kStages = tile.stages;
  T* const smem = dynamic_smem<T>();
  const int tile_a = static_cast<int>(blockIdx.x) % p.tiles_a;
  const int tile_b = static_cast<int>(blockIdx.x) / p.tiles_a;
  const int a0 = tile_a * Stage::kA, b0 = tile_b * Stage::kB;
  WarpSums<T, tile_index> warp(p);
  BiasFrom bias_from = BiasFrom::none;
  if (p.bias_from == BiasFrom::low && tile_b == 0 && warp.warp_b() == 0) bias_from = BiasFrom::low;
  if (p.bias_from == BiasFrom::high && tile_a == 0 && warp.warp_a() == 0)
    bias_from = BiasFrom::high;

  const int first = static_cast<int>(blockIdx.y) * p.per_chunk;
  const int count = min(p.per_chunk, p.patches - first);
  const Stage first_stage(smem, 0, p);
  first_stage.list_pixels(p);
  __syncthreads();
  const int a = Stage::channel_a(a0), b = Stage::channel_b(b0);
  PatchCursor next(p, first);
  typename Stage::Source from(p, next, a, b);
  const auto copy_next = [&](int patch, int stage) {
    if (patch < count) Stage(smem, stage, p).load(p, first_stage, next, from, a, b);
    if (next.advance(p)) {
      from.move_right(p);
    } else {
      from = {p, next, a, b};
    }
    ptx::cp_async_commit();
  };
#pragma unroll 1
  for (int s = 0; s < kStages - 1; ++s) copy_next(s, s);
  int now = 0;  // the stage of patch i
#pragma unroll 1
  for (int i = 0; i < count; ++i) {
    const Stage stage(smem, now, p);
    ptx::cp_async_wait<kStages - 2>();
    if constexpr (sizeof(T) == 4) stage.round(p);
    __syncthreads();
    copy_next(i + kStages - 1, now == 0 ? kStages - 1 : now - 1);
    warp.add(p, stage, bias_from);
    now = now + 1 == kStages ? 0 : now + 1;
  }
  if constexpr (tile.warps_k > 1) {
    __syncthreads();
    join_warps(warp, reinterpret_cast<float*>(smem));
  }
  if (warp.warp_k() != 0) return;
  store_sums(warp, p, a0 + warp.column_a(), b0 + warp.column_b());
  if (bias_from != BiasFrom::none) {
    store_bias(warp, p, a0 + warp.column_a(), b0 + warp.column_b(), bias_from);
  }
}

// --- launchers ---

// Launches the kernel of kWgradTiles[tile].
template <typename T, int tile_index = 0>
void launch_wgrad(Queue& queue, int tile, const WgradParams<T>& p, int64_t chunks, int64_t smem) {
  if constexpr (tile_index == kWgradTileCount) {
    PG_ASSERT(!"unknown tile");
  } else if (tile != tile_index) {
    launch_wgrad<T, tile_index + 1>(queue, tile, p, chunks, smem);
  } else {
    constexpr WgradTile kTile = kWgradTiles[tile_index];
    const int64_t tiles = p.tiles_a * ceil_div(p.high_c, kTile.channels_b());
    const dim3 grid(static_cast<unsigned>(tiles), static_cast<unsigned>(chunks));
    launch(queue, wgrad_kernel<T, tile_index>,
           {.grid = grid, .block = dim3(kTile.threads()), .smem = smem}, p);
  }
}

}  // namespace
}  // namespace pg::cuda
