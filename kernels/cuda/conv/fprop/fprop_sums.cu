// fprop_sums.cu: the last step of split sums of the tensor-core convolution.
//
// With a norm a pixel's channels stay in one warp; without, packs of all pixels are independent,
// and blockIdx.y divides the channels.
#include "kernels/cuda/conv/fprop/fprop_sums.h"

#include "kernels/cuda/block/pixel_rows.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {
namespace {

constexpr int kSumThreads = 64;

// --- kernels ---

// lrelu(factor * sum of the parts + b) for N channels from `channel` on; at: those in part 0.
template <typename T, int N>
__device__ __forceinline__ void sum_pack(const FpropParts& parts, const FpropEpilogue<T>& e,
                                         const float* at, int channel, float (&v)[N]) {
  constexpr int kFloats = N < 4 ? N : 4;
#pragma unroll
  for (int i = 0; i < N; ++i) v[i] = 0.0f;
#pragma unroll 4
  for (int part = 0; part < parts.count; ++part, at += parts.size) {
#pragma unroll
    for (int i = 0; i < N; i += kFloats) {
      const auto from = load<kFloats>(at + i);
#pragma unroll
      for (int j = 0; j < kFloats; ++j) v[i + j] += from.value[j];
    }
  }
#pragma unroll
  for (int i = 0; i < N; ++i) {
    v[i] = v[i] * e.factor + (e.b != nullptr ? e.b[channel + i] : 0.0f);
    if (e.b != nullptr) v[i] = v[i] > 0.0f ? v[i] : v[i] * e.slope;
  }
}

template <typename T, int N, int K>
__global__ void __launch_bounds__(kSumThreads, 8)
    fprop_sums_kernel(const FpropParts parts, const FpropEpilogue<T> e, const PixelRows rows) {
  ptx::follow_earlier_kernels();
  const int64_t pixel = rows.pixel(), first = pixel * e.channels;
  const float* const sums = parts.data + pixel * ((e.channels + 7) / 8 * 8);
  const int packs = rows.packs(N), step = rows.lanes * K;
  const bool inside = pixel < rows.pixels;  // all lanes take part in the sums
  float v[K][N];
  Pack<T, N> gate[K];
  const auto load_tile = [&](int tile) {
#pragma unroll
    for (int k = 0; k < K; ++k) {
      const int c = rows.channel<N>(tile, k);
      gate[k] = Pack<T, N>{};
#pragma unroll
      for (int i = 0; i < N; ++i) v[k][i] = 0.0f;
      if (!inside || c >= e.channels) continue;
      sum_pack(parts, e, sums + c, c, v[k]);
      if (e.gate != nullptr) gate[k] = load<N>(e.gate + first + c, e.access);
    }
  };

  const int tile_of_block = static_cast<int>(blockIdx.y) * step;
  load_tile(tile_of_block);
  NormGrad norm{};
  if (e.r != nullptr || e.vjp_r != nullptr) {
    float sum = 0.0f;
    for (int tile = 0; tile < packs; tile += step) {
      if (tile > 0) load_tile(tile);
#pragma unroll
      for (int k = 0; k < K; ++k) {
#pragma unroll
        for (int i = 0; i < N; ++i) {
          sum += v[k][i] * (e.r != nullptr ? v[k][i] : to_acc(gate[k].value[i]));
        }
      }
    }
    norm.mean = group_sum(sum, rows.lanes) / static_cast<float>(e.channels);
    if (!inside) return;
    norm.r = e.r != nullptr ? rsqrtf(norm.mean + e.norm_eps) : e.vjp_r[pixel];
    if (e.r != nullptr && rows.channel<1>(0, 0) == 0) e.r[pixel] = norm.r;
    if (packs > step) load_tile(0);
  }
  if (!inside) return;
  for (int tile = tile_of_block; tile < packs; tile += step * static_cast<int>(gridDim.y)) {
    if (tile > tile_of_block) load_tile(tile);
#pragma unroll
    for (int k = 0; k < K; ++k) {
      const int c = rows.channel<N>(tile, k);
      if (c >= e.channels) continue;
      Pack<T, N> result;
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const float x = e.r != nullptr ? v[k][i] * norm.r : v[k][i];
        result.value[i] = from_acc<T>(normed_and_gated(e, norm, x, to_acc(gate[k].value[i])));
      }
      store(e.out + first + c, result, e.access);
    }
  }
}

}  // namespace

// --- launchers ---

template <typename T>
void sum_fprop_parts(const Queue& queue, const FpropParts& parts, const FpropEpilogue<T>& epilogue,
                     const Shape& out) {
  const bool norm = epilogue.r != nullptr || epilogue.vjp_r != nullptr;
  with_pixel_rows<T>(
      out, epilogue.access, kSumThreads, [&](auto n, auto k, PixelRows rows, int64_t blocks) {
        LaunchShape shape{.grid = dim3(static_cast<unsigned>(blocks)), .block = dim3(kSumThreads)};
        if (norm) {
          return launch(queue, fprop_sums_kernel<T, n(), k()>, shape, parts, epilogue, rows);
        }
        shape.grid.y = static_cast<unsigned>(ceil_div(out.c / n(), rows.lanes));
        launch(queue, fprop_sums_kernel<T, n(), 1>, shape, parts, epilogue, rows);
      });
}

template void sum_fprop_parts(const Queue&, const FpropParts&, const FpropEpilogue<bf16>&,
                              const Shape&);
template void sum_fprop_parts(const Queue&, const FpropParts&, const FpropEpilogue<float>&,
                              const Shape&);

}  // namespace pg::cuda
