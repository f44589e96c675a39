// fprop_epilogue.cuh: the steps between the sums of a convolution and their store: factor, bias,
// lrelu, pixel norm or its gradient, gate.
//
// Bias, lrelu, norm and the sum of the norm's gradient work on the accumulators in registers. Then
// each warp transposes 16 rows at a time through shared memory, so that gate and result move in
// packs of whole rows. The norm's gradient reads the gate twice, the second time from cache.
#pragma once

#include "kernels/cuda/block/mma_tile.cuh"
#include "kernels/cuda/block/pack.cuh"

namespace pg::cuda {

template <typename T>
struct FpropEpilogue {
  T* out;
  int channels;  // of the result
  Access access;
  float factor;
  const float* b;  // null: no bias, no lrelu
  float slope;
  float* r;  // null: no norm; else the tile spans all channels
  float norm_eps;
  const float* vjp_r;  // null: no gradient of a norm; else as r, and the norm's result is the gate
  const T* gate;       // null: no gate
  float gate_slope;
};

// The division of a block's tile among its warps: each has kM x kN products of 16 x 8.
template <int kWarpsMValue, int kWarpsNValue, int kMValue, int kNValue>
struct WarpGrid {
  static constexpr int kWarpsM = kWarpsMValue, kWarpsN = kWarpsNValue;
  static constexpr int kM = kMValue, kN = kNValue;
  static constexpr int kRows = 16 * kM, kColumns = 8 * kN;  // of one warp
  static constexpr int kTileRows = kWarpsM * kRows;
  static constexpr int kStride = kColumns + 8;       // of a staged row, in floats
  static constexpr int kSums = kWarpsN * kTileRows;  // floats of the norm
  static constexpr int kSharedBytes = 4 * (kSums + kWarpsM * kWarpsN * 16 * kStride);

  __device__ static int warp() { return static_cast<int>(threadIdx.x) / kWarp; }
  __device__ static int lane() { return static_cast<int>(threadIdx.x) % kWarp; }
  __device__ static int first_row() { return warp() % kWarpsM * kRows; }
  __device__ static int first_column() { return warp() / kWarpsM * kColumns; }
};

// acc = lrelu(factor * acc + b)
template <typename Warps, typename T>
__device__ __forceinline__ void activate(const FpropEpilogue<T>& e,
                                         float (&acc)[Warps::kM][Warps::kN][4], int first_column) {
#pragma unroll
  for (int j = 0; j < Warps::kN; ++j) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int column =
          first_column + Warps::first_column() + 8 * j + Warps::lane() % 4 * 2 + half;
      const float bias = e.b != nullptr && column < e.channels ? e.b[column] : 0.0f;
#pragma unroll
      for (int i = 0; i < Warps::kM; ++i) {
#pragma unroll
        for (int part = half; part < 4; part += 2) {
          float v = acc[i][j][part] * e.factor + bias;
          if (e.b != nullptr) v = v > 0.0f ? v : v * e.slope;
          acc[i][j][part] = v;
        }
      }
    }
  }
}

// Sums over the channels of a tile's rows: sums[warp across][row] = sum of term(row, column, acc,
// next acc) over pairs of neighbours, for row_sum(). sums: kSums floats. Every thread of the block
// must call it.
template <typename Warps, typename Term>
__device__ __forceinline__ void sum_rows(const float (&acc)[Warps::kM][Warps::kN][4], float* sums,
                                         Term term) {
  const int lane = Warps::lane(), across = Warps::warp() / Warps::kWarpsM;
#pragma unroll
  for (int i = 0; i < Warps::kM; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = Warps::first_row() + 16 * i + 8 * half + lane / 4;
      float sum = 0.0f;
#pragma unroll
      for (int j = 0; j < Warps::kN; ++j) {
        const int column = Warps::first_column() + 8 * j + lane % 4 * 2;
        sum += term(row, column, acc[i][j][2 * half], acc[i][j][2 * half + 1]);
      }
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      if (lane % 4 == 0) sums[across * Warps::kTileRows + row] = sum;
    }
  }
  __syncthreads();
}

template <typename Warps>
__device__ __forceinline__ float row_sum(const float* sums, int row) {
  float sum = 0.0f;
#pragma unroll
  for (int w = 0; w < Warps::kWarpsN; ++w) sum += sums[w * Warps::kTileRows + row];
  return sum;
}

// acc *= r, r = 1 / sqrt(mean over the channels of acc^2 + eps), and r is stored. sums: kSums
// floats. Every thread of the block must call it.
template <typename Warps, typename T, typename PixelOf>
__device__ __forceinline__ void normalize(const FpropEpilogue<T>& e,
                                          float (&acc)[Warps::kM][Warps::kN][4], float* sums,
                                          PixelOf pixel_of) {
  const int lane = Warps::lane(), across = Warps::warp() / Warps::kWarpsM;
  sum_rows<Warps>(acc, sums, [](int, int, float v0, float v1) { return v0 * v0 + v1 * v1; });
#pragma unroll
  for (int i = 0; i < Warps::kM; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = Warps::first_row() + 16 * i + 8 * half + lane / 4;
      const float mean = row_sum<Warps>(sums, row) / static_cast<float>(e.channels);
      const float r = rsqrtf(mean + e.norm_eps);
      const int64_t pixel = pixel_of(row);
      if (across == 0 && lane % 4 == 0 && pixel >= 0) e.r[pixel] = r;
#pragma unroll
      for (int j = 0; j < Warps::kN; ++j) {
        acc[i][j][2 * half] *= r;
        acc[i][j][2 * half + 1] *= r;
      }
    }
  }
}

// Sums of acc * gate over the channels, for the gradient of a norm; otherwise as sum_rows.
template <typename Warps, typename T, typename PixelOf>
__device__ __forceinline__ void sum_gated_rows(const FpropEpilogue<T>& e,
                                               const float (&acc)[Warps::kM][Warps::kN][4],
                                               float* sums, PixelOf pixel_of) {
  sum_rows<Warps>(acc, sums, [&](int row, int column, float v0, float v1) {
    const int64_t pixel = pixel_of(row);
    if (pixel < 0 || column >= e.channels) return 0.0f;
    const T* const at = e.gate + pixel * e.channels + column;
    if (column + 1 == e.channels) return v0 * to_acc(at[0]);
    const Pack<T, 2> y = load<2>(at, e.access);
    return v0 * to_acc(y.value[0]) + v1 * to_acc(y.value[1]);
  });
}

// The gradient of a norm for one pixel: v becomes r * (v - y * mean), y being the gate.
struct NormGrad {
  float r, mean;
};

// A value after the gradient of the norm and the gate.
template <typename T>
__device__ __forceinline__ float normed_and_gated(const FpropEpilogue<T>& e, const NormGrad& norm,
                                                  float v, float gate) {
  if (e.vjp_r != nullptr) v = norm.r * (v - gate * norm.mean);
  return e.gate != nullptr && !(gate > 0.0f) ? v * e.gate_slope : v;
}

// Stores one pack of results from f32 values (16-byte aligned). at: index of its first element.
template <typename T>
__device__ __forceinline__ void store_pack(const FpropEpilogue<T>& e, const NormGrad& norm,
                                           const float* values, int64_t at) {
  constexpr int kCount = kPack<T>;
  Pack<T, kCount> gate{}, result;
  Pack<float, 4> from[kCount / 4];
  if (e.gate != nullptr) gate = load<kCount>(e.gate + at);
#pragma unroll
  for (int i = 0; i < kCount / 4; ++i) from[i] = load<4>(values + 4 * i);
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    result.value[i] =
        from_acc<T>(normed_and_gated(e, norm, from[i / 4].value[i % 4], to_acc(gate.value[i])));
  }
  store(e.out + at, result);
}

// The same for `count` elements, one by one.
template <typename T>
__device__ __forceinline__ void store_elements(const FpropEpilogue<T>& e, const NormGrad& norm,
                                               const float* values, int64_t at, int count) {
  for (int i = 0; i < count; ++i) {
    const float gate = e.gate != nullptr ? to_acc(e.gate[at + i]) : 0.0f;
    e.out[at + i] = from_acc<T>(normed_and_gated(e, norm, values[i], gate));
  }
}

// Stores the 16 rows staged by a warp, from channel first_column on. norm_of(row, pixel) gives the
// pixel's NormGrad.
template <typename Warps, typename T, typename PixelOf, typename NormOf>
__device__ __forceinline__ void store_rows(const FpropEpilogue<T>& e, const float* stage,
                                           int first_column, PixelOf pixel_of, NormOf norm_of) {
  constexpr int kCount = kPack<T>, kPacksInRow = Warps::kColumns / kCount;
  constexpr int kItems = 16 * kPacksInRow / kWarp;
  const int lane = Warps::lane();
  if (e.access == Access::packs) {
#pragma unroll 4
    for (int n = 0; n < kItems; ++n) {
      const int row = (n * kWarp + lane) / kPacksInRow;
      const int first = (n * kWarp + lane) % kPacksInRow * kCount;
      const int64_t pixel = pixel_of(row);
      if (pixel < 0 || first_column + first >= e.channels) continue;
      store_pack(e, norm_of(row, pixel), stage + row * Warps::kStride + first,
                 pixel * e.channels + first_column + first);
    }
    return;
  }
#pragma unroll 1
  for (int n = 0; n < kItems; ++n) {
    const int row = (n * kWarp + lane) / kPacksInRow;
    const int first = (n * kWarp + lane) % kPacksInRow * kCount;
    const int64_t pixel = pixel_of(row);
    if (pixel < 0 || first_column + first >= e.channels) continue;
    store_elements(e, norm_of(row, pixel), stage + row * Warps::kStride + first,
                   pixel * e.channels + first_column + first,
                   min(kCount, e.channels - first_column - first));
  }
}

// The whole epilogue. pixel_of(row of the tile): index of the result's pixel, or -1 beyond the end.
// shared: kSharedBytes that no thread uses for anything else any more.
template <typename Warps, typename T, typename PixelOf>
__device__ __forceinline__ void write_results(const FpropEpilogue<T>& e,
                                              float (&acc)[Warps::kM][Warps::kN][4], float* shared,
                                              int first_column, PixelOf pixel_of) {
  activate<Warps>(e, acc, first_column);
  if (e.r != nullptr) normalize<Warps>(e, acc, shared, pixel_of);
  if (e.vjp_r != nullptr) sum_gated_rows<Warps>(e, acc, shared, pixel_of);
  const int lane = Warps::lane();
  const float share = 1.0f / static_cast<float>(e.channels);
  float* const stage = shared + Warps::kSums + Warps::warp() * 16 * Warps::kStride;
#pragma unroll
  for (int i = 0; i < Warps::kM; ++i) {
#pragma unroll
    for (int j = 0; j < Warps::kN; ++j) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float* const to = stage + (lane / 4 + 8 * half) * Warps::kStride + 8 * j + lane % 4 * 2;
        *reinterpret_cast<float2*>(to) = make_float2(acc[i][j][2 * half], acc[i][j][2 * half + 1]);
      }
    }
    __syncwarp();
    const int first_row = Warps::first_row() + 16 * i;
    store_rows<Warps>(
        e, stage, first_column + Warps::first_column(),
        [&](int row) { return pixel_of(first_row + row); },
        [&](int row, int64_t pixel) -> NormGrad {
          if (e.vjp_r == nullptr) return {};
          return {e.vjp_r[pixel], share * row_sum<Warps>(shared, first_row + row)};
        });
    __syncwarp();
  }
}

}  // namespace pg::cuda
