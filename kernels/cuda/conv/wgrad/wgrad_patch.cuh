// wgrad_patch.cuh: loads the patches of the tensor-core weight gradient into shared memory.
#pragma once

#include "kernels/cuda/block/divider.cuh"
#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/conv/wgrad/wgrad.h"

namespace pg::cuda {

enum class BiasFrom : uint8_t { none, low, high };

template <typename T>
struct WgradParams {
  const T* low;
  const T* high;
  float* partial;  // [chunks, K, taps, C]
  float* bias;     // [chunks, K]
  int n, low_h, low_w, low_c, high_h, high_w, high_c;
  int channels_a, channels_b;  // of dw: low_c and high_c without their padding
  int pad, tiles_a;
  int log_rows, log_columns;                 // of a patch of the low image
  int high_rows, high_columns, high_pixels;  // of a patch of the high image, border included
  Divider per_row, per_image;                // high_columns, high_rows * high_columns
  int patches_h, patches_w, patches, per_chunk;
  bool reversed;
  BiasFrom bias_from;
};

// Launches the kernel of kWgradTiles[tile].
void launch_wgrad_bf16(Queue& queue, int tile, const WgradParams<bf16>& p, int64_t chunks,
                       int64_t smem);
void launch_wgrad_tf32(Queue& queue, int tile, const WgradParams<float>& p, int64_t chunks,
                       int64_t smem);

// Patches in the order of memory.
struct PatchCursor {
  int image, row, column;  // in patches

  template <typename T>
  __device__ PatchCursor(const WgradParams<T>& p, int index)
      : image(index / (p.patches_h * p.patches_w)),
        row(index / p.patches_w % p.patches_h),
        column(index % p.patches_w) {}
  template <typename T>
  __device__ void advance(const WgradParams<T>& p) {
    if (++column < p.patches_w) return;
    column = 0;
    if (++row < p.patches_h) return;
    row = 0;
    ++image;
  }
};

// The shared memory of one stage: rows of channels, first of each pixel of the low patch, then of
// the high patch. With stride 2 a high row stores its even columns first, then the odd ones, which
// makes the pixels under one tap neighbours.
template <typename T, int tile_index>
struct PatchStage {
  static constexpr WgradTile tile = kWgradTiles[tile_index];
  static constexpr int kPackSize = kPack<T>;
  static constexpr int kPixels = tile.pixels(sizeof(T));
  static constexpr int kA = tile.channels_a(), kB = tile.channels_b();
  static constexpr int kLdA = kA + kWgradPad, kLdB = kB + kWgradPad;
  static constexpr int kThreads = tile.threads(), kTaps = tile.taps();

  T* low;
  T* high;

  static __device__ __forceinline__ int elements(const WgradParams<T>& p) {
    return kPixels * kLdA + p.high_pixels * kLdB;
  }
  __device__ PatchStage(T* smem, int index, const WgradParams<T>& p)
      : low(smem + index * elements(p)), high(low + kPixels * kLdA) {}

  // First element of the high pixel under the first tap of a low pixel of the patch.
  static __device__ __forceinline__ int high_row(const WgradParams<T>& p, int pixel) {
    const int x = pixel & ((1 << p.log_columns) - 1), line = pixel >> p.log_columns;
    const int y = line & ((1 << p.log_rows) - 1), image = line >> p.log_rows;
    return ((image * p.high_rows + y * tile.stride) * p.high_columns + x) * kLdB;
  }
  // Offset from there to tap (r, s).
  static __device__ __forceinline__ int tap_offset(const WgradParams<T>& p, int r, int s) {
    const int column = tile.stride == 1 ? s : (s & 1) * (p.high_columns / 2) + (s >> 1);
    return (r * p.high_columns + column) * kLdB;
  }

  // Starts this thread's copies of a patch; zeros outside the image and beyond the channels.
  __device__ __forceinline__ void load(const WgradParams<T>& p, const PatchCursor& at, int a0,
                                       int b0) const {
    const int n0 = at.image * (kPixels >> (p.log_rows + p.log_columns));
    const int y0 = at.row << p.log_rows, x0 = at.column << p.log_columns;
#pragma unroll 4
    for (int i = static_cast<int>(threadIdx.x); i < kPixels * (kA / kPackSize); i += kThreads) {
      const int pixel = i / (kA / kPackSize), c = i % (kA / kPackSize) * kPackSize;
      const int x = x0 + (pixel & ((1 << p.log_columns) - 1)), line = pixel >> p.log_columns;
      const int y = y0 + (line & ((1 << p.log_rows) - 1)), n = n0 + (line >> p.log_rows);
      const bool in = n < p.n && y < p.low_h && x < p.low_w && a0 + c < p.low_c;
      const int64_t from = ((int64_t{n} * p.low_h + y) * p.low_w + x) * p.low_c + a0 + c;
      ptx::cp_async_16(low + pixel * kLdA + c, in ? p.low + from : p.low, in ? 16 : 0);
    }
    const int high_y = y0 * tile.stride - p.pad, high_x = x0 * tile.stride - p.pad;
#pragma unroll 2
    for (int i = static_cast<int>(threadIdx.x); i < p.high_pixels * (kB / kPackSize);
         i += kThreads) {
      const int pixel = i / (kB / kPackSize), c = i % (kB / kPackSize) * kPackSize;
      int dn, dy, dx;
      locate_high_pixel(p, pixel, dn, dy, dx);
      const int n = n0 + dn, y = high_y + dy, x = high_x + dx;
      const bool in =
          n < p.n && y >= 0 && y < p.high_h && x >= 0 && x < p.high_w && b0 + c < p.high_c;
      const int64_t from = ((int64_t{n} * p.high_h + y) * p.high_w + x) * p.high_c + b0 + c;
      ptx::cp_async_16(high + pixel * kLdB + c, in ? p.high + from : p.high, in ? 16 : 0);
    }
  }

  // Rounds to tf32 the values that load() of this thread has copied: far fewer roundings than one
  // for each fragment.
  __device__ __forceinline__ void round(const WgradParams<T>& p) const {
    static_assert(sizeof(T) == 4);
    const auto round_pack = [](float* at) {
      Pack<float, kPackSize> v = cuda::load<kPackSize>(at);
#pragma unroll
      for (float& value : v.value) value = ptx::round_to_tf32(value);
      store(at, v);
    };
    const int t = static_cast<int>(threadIdx.x);
#pragma unroll 4
    for (int i = t; i < kPixels * (kA / kPackSize); i += kThreads) {
      round_pack(low + i / (kA / kPackSize) * kLdA + i % (kA / kPackSize) * kPackSize);
    }
#pragma unroll 2
    for (int i = t; i < p.high_pixels * (kB / kPackSize); i += kThreads) {
      round_pack(high + i / (kB / kPackSize) * kLdB + i % (kB / kPackSize) * kPackSize);
    }
  }

 private:
  // Image, row and column, in the patch, of the high pixel stored at `index`.
  static __device__ __forceinline__ void locate_high_pixel(const WgradParams<T>& p, int index,
                                                           int& n, int& y, int& x) {
    if constexpr (kTaps == 1) {
      x = index & ((1 << p.log_columns) - 1);
      y = (index >> p.log_columns) & ((1 << p.log_rows) - 1);
      n = index >> (p.log_columns + p.log_rows);
      return;
    }
    auto rest = static_cast<uint32_t>(index);
    uint32_t in_image = p.per_image.split(rest);
    n = static_cast<int>(rest);
    x = static_cast<int>(p.per_row.split(in_image));
    y = static_cast<int>(in_image);
    if constexpr (tile.stride == 2) {
      const int half = p.high_columns / 2;
      x = x < half ? 2 * x : 2 * (x - half) + 1;
    }
  }
};

}  // namespace pg::cuda
