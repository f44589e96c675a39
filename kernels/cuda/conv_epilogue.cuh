// conv_epilogue.cuh: what follows the sums of a convolution before they are stored: factor, bias,
// lrelu, pixel norm, gate.
//
// Bias, lrelu and norm work on the accumulators in registers; then each warp turns 16 rows at a
// time round in shared memory, so that gate and result move in 16-byte pieces of whole rows.
#pragma once

#include "kernels/cuda/mma_tile.cuh"

namespace pg::cuda {

enum class RowAccess : uint8_t {
  elements,
  chunks
};  // chunks: rows are whole aligned 16-byte chunks

template <typename T>
struct ConvEpilogue {
  T* out;
  int channels;  // of the result
  RowAccess access;
  float factor;
  const float* b;  // null: no bias, no lrelu
  float slope;
  float* r;  // null: no norm; else the tile spans all channels
  float norm_eps;
  const T* gate;  // null: no gate
  float gate_slope;
};

// How the warps of a block divide its tile: each has kM x kN products of 16 x 8.
template <int kWarpsMValue, int kWarpsNValue, int kMValue, int kNValue>
struct WarpGrid {
  static constexpr int kWarpsM = kWarpsMValue, kWarpsN = kWarpsNValue;
  static constexpr int kM = kMValue, kN = kNValue;
  static constexpr int kRows = 16 * kM, kColumns = 8 * kN;  // of one warp
  static constexpr int kStride = kColumns + 8;              // of a staged row, in floats
  static constexpr int kSums = kWarpsM * kWarpsN * kRows;   // floats that the norm needs
  static constexpr int kSharedBytes = 4 * (kSums + kWarpsM * kWarpsN * 16 * kStride);

  __device__ static int warp() { return static_cast<int>(threadIdx.x) / kWarp; }
  __device__ static int lane() { return static_cast<int>(threadIdx.x) % kWarp; }
  __device__ static int first_row() { return warp() % kWarpsM * kRows; }
  __device__ static int first_column() { return warp() / kWarpsM * kColumns; }
};

// acc = lrelu(factor * acc + b)
template <typename Warps, typename T>
__device__ __forceinline__ void activate(const ConvEpilogue<T>& e,
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

// acc *= r, r = 1 / sqrt(mean over the channels of acc^2 + eps), and r is stored. sums: kSums
// floats. Every thread of the block must call it.
template <typename Warps, typename T, typename PixelOf>
__device__ __forceinline__ void normalize(const ConvEpilogue<T>& e,
                                          float (&acc)[Warps::kM][Warps::kN][4], float* sums,
                                          PixelOf pixel_of) {
  constexpr int kTileRows = Warps::kWarpsM * Warps::kRows;
  const int lane = Warps::lane(), across = Warps::warp() / Warps::kWarpsM;
#pragma unroll
  for (int i = 0; i < Warps::kM; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float sum = 0.0f;
#pragma unroll
      for (int j = 0; j < Warps::kN; ++j) {
        const float v0 = acc[i][j][2 * half], v1 = acc[i][j][2 * half + 1];
        sum += v0 * v0 + v1 * v1;
      }
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      const int row = Warps::first_row() + 16 * i + 8 * half + lane / 4;
      if (lane % 4 == 0) sums[across * kTileRows + row] = sum;
    }
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < Warps::kM; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = Warps::first_row() + 16 * i + 8 * half + lane / 4;
      float sum = 0.0f;
#pragma unroll
      for (int w = 0; w < Warps::kWarpsN; ++w) sum += sums[w * kTileRows + row];
      const float r = rsqrtf(sum / static_cast<float>(e.channels) + e.norm_eps);
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

// Stores one chunk from f32 values (16-byte aligned), gated. at: index of its first element.
template <typename T>
__device__ __forceinline__ void store_chunk(const ConvEpilogue<T>& e, const float* values,
                                            int64_t at) {
  constexpr int kCount = kChunkElements<T>;
  Vec<T> gate, result;
  Vec<float> from[kCount / 4];
  if (e.gate != nullptr) gate = *reinterpret_cast<const Vec<T>*>(e.gate + at);
#pragma unroll
  for (int i = 0; i < kCount / 4; ++i) from[i] = reinterpret_cast<const Vec<float>*>(values)[i];
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    const float v = from[i / 4].value[i % 4];
    const bool closed = e.gate != nullptr && !(to_acc(gate.value[i]) > 0.0f);
    result.value[i] = from_acc<T>(closed ? v * e.gate_slope : v);
  }
  *reinterpret_cast<Vec<T>*>(e.out + at) = result;
}

// The same one by one, for `count` elements.
template <typename T>
__device__ __forceinline__ void store_elements(const ConvEpilogue<T>& e, const float* values,
                                               int64_t at, int count) {
  for (int i = 0; i < count; ++i) {
    const bool closed = e.gate != nullptr && !(to_acc(e.gate[at + i]) > 0.0f);
    e.out[at + i] = from_acc<T>(closed ? values[i] * e.gate_slope : values[i]);
  }
}

// Stores the 16 rows that a warp has staged, from channel first_column on.
template <typename Warps, typename T, typename PixelOf>
__device__ __forceinline__ void store_rows(const ConvEpilogue<T>& e, const float* stage,
                                           int first_column, PixelOf pixel_of) {
  constexpr int kCount = kChunkElements<T>, kChunksInRow = Warps::kColumns / kCount;
  constexpr int kItems = 16 * kChunksInRow / kWarp;
  const int lane = Warps::lane();
  if (e.access == RowAccess::chunks) {
#pragma unroll 4
    for (int n = 0; n < kItems; ++n) {
      const int row = (n * kWarp + lane) / kChunksInRow;
      const int first = (n * kWarp + lane) % kChunksInRow * kCount;
      const int64_t pixel = pixel_of(row);
      if (pixel < 0 || first_column + first >= e.channels) continue;
      store_chunk(e, stage + row * Warps::kStride + first,
                  pixel * e.channels + first_column + first);
    }
    return;
  }
#pragma unroll 1
  for (int n = 0; n < kItems; ++n) {
    const int row = (n * kWarp + lane) / kChunksInRow;
    const int first = (n * kWarp + lane) % kChunksInRow * kCount;
    const int64_t pixel = pixel_of(row);
    if (pixel < 0 || first_column + first >= e.channels) continue;
    store_elements(e, stage + row * Warps::kStride + first,
                   pixel * e.channels + first_column + first,
                   min(kCount, e.channels - first_column - first));
  }
}

// Everything from the sums on. pixel_of(row of the tile): index of the result's pixel, or -1 beyond
// the end. shared: kSharedBytes that no thread uses for anything else any more.
template <typename Warps, typename T, typename PixelOf>
__device__ __forceinline__ void finish(const ConvEpilogue<T>& e,
                                       float (&acc)[Warps::kM][Warps::kN][4], float* shared,
                                       int first_column, PixelOf pixel_of) {
  activate<Warps>(e, acc, first_column);
  if (e.r != nullptr) normalize<Warps>(e, acc, shared, pixel_of);
  const int lane = Warps::lane();
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
    store_rows<Warps>(e, stage, first_column + Warps::first_column(),
                      [&](int row) { return pixel_of(Warps::first_row() + 16 * i + row); });
    __syncwarp();
  }
}

}  // namespace pg::cuda
