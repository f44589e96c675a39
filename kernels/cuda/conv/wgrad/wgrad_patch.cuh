// wgrad_patch.cuh: loads the patches of the tensor-core weight gradient into shared memory.
#pragma once

#include <climits>

#include "kernels/cuda/block/divider.cuh"
#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/round_pack.cuh"
#include "kernels/cuda/conv/wgrad/wgrad.h"

namespace pg::cuda {

enum class BiasFrom : uint8_t { none, low, high };

// Patches first .. first + count - 1 of a row or column of patches.
struct PatchRange {
  int first = 0;
  uint32_t count = 0;

  __device__ bool contains(int i) const { return static_cast<uint32_t>(i - first) < count; }
};

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
  // Patches that lie inside the images with their border.
  PatchRange inside_images, inside_h, inside_w;
  bool reversed;  // only with stride 2
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
  // Returns whether the next patch lies to the right of this one.
  template <typename T>
  __device__ __forceinline__ bool advance(const WgradParams<T>& p) {
    if (++column < p.patches_w) return true;
    column = 0;
    if (++row < p.patches_h) return false;
    row = 0;
    ++image;
    return false;
  }
  template <typename T>
  __device__ __forceinline__ bool is_inside(const WgradParams<T>& p) const {
    return p.inside_images.contains(image) && p.inside_h.contains(row) &&
           p.inside_w.contains(column);
  }
};

// A pixel of a patch. offset: bytes from the first pixel of the patch. place: see place_of().
struct PatchPixel {
  uint32_t offset, place;
};

// Image, row and column of a pixel, counted from the first one of the patch. Each has nine bits and
// above them a guard bit, so PatchBounds compares all three at once.
__device__ __forceinline__ uint32_t place_of(int image, int row, int column) {
  return (static_cast<uint32_t>(image) << 20) + (static_cast<uint32_t>(row) << 10) +
         static_cast<uint32_t>(column);
}

// The pixels of a patch that are inside the image: `first` to `last` in each coordinate.
struct PatchBounds {
  static constexpr uint32_t kGuards = 1u << 29 | 1u << 19 | 1u << 9;
  static constexpr int kFarthest = 511;  // of place_of()
  uint32_t from = kGuards, to = kGuards;

  __device__ void set_first(int row, int column) {
    from = kGuards - place_of(0, within(row, 0), within(column, 0));
  }
  __device__ void set_last(int image, int row, int column) {
    to = kGuards + place_of(within(image, -1), within(row, -1), within(column, -1));
  }
  // A guard is cleared where a coordinate is outside.
  __device__ bool contains(uint32_t place) const {
    return (~((from + place) & (to - place)) & kGuards) == 0;
  }

 private:
  static __device__ int within(int v, int least) { return min(max(v, least), kFarthest); }
};

// The bounds of a patch that lies inside.
struct NoBounds {
  __device__ bool contains(uint32_t) const { return true; }
};

// A thread's share of pixels with kChannels channels: one pack of every kStride-th pixel.
template <typename T, int kChannels, int kThreads>
struct PatchShare {
  static constexpr int kPackSize = kPack<T>;
  static constexpr int kPacks = kChannels / kPackSize, kStride = kThreads / kPacks;
  static constexpr int kLd = kChannels + kWgradPad;
  // Eight neighbouring lanes write 128 bytes at once. If those are several pixels, they are kApart
  // apart and so in different banks.
  static constexpr int kTogether = kPacks < 8 ? 8 / kPacks : 1;
  static constexpr int rows_apart() {
    constexpr int kPitch = kLd * static_cast<int>(sizeof(T)), kPart = 128 / kTogether;
    int apart = 1;
    while (kTogether > 1 && apart * kPitch % (2 * kPart) != kPart) apart *= 2;
    return apart;
  }
  static constexpr int kApart = rows_apart();
  static_assert(kThreads % kPacks == 0 && kStride % (kTogether * kApart) == 0);

  static __device__ __forceinline__ int channel() {
    return static_cast<int>(threadIdx.x) % kPacks * kPackSize;
  }
  // The first of the thread's pixels.
  static __device__ __forceinline__ int pixel() {
    const int i = static_cast<int>(threadIdx.x) / kPacks, group = kTogether * kApart;
    return i / group * group + i % kTogether * kApart + i / kTogether % kApart;
  }

  // The PatchPixel of pixel i lies in the padding behind it, in the first stage.
  static __device__ __forceinline__ PatchPixel* listed(T* first_stage, int i) {
    return reinterpret_cast<PatchPixel*>(first_stage + i * kLd + kChannels);
  }

  // Starts copies of kCount of the thread's pixels, of those for which exists(pixel), zeros outside
  // `inside`. All PatchPixels are read first, since no load can be moved above a copy.
  template <int kCount, typename Exists, typename Bounds>
  static __device__ __forceinline__ void copy(T* to, const T* from, T* first_stage, int first,
                                              Exists exists, const Bounds& inside) {
    PatchPixel pixels[kCount];
#pragma unroll
    for (int j = 0; j < kCount; ++j) {
      if (exists(first + j * kStride)) pixels[j] = *listed(first_stage, first + j * kStride);
    }
#pragma unroll
    for (int j = 0; j < kCount; ++j) {
      if (!exists(first + j * kStride)) break;
      ptx::cp_async_16(to + (first + j * kStride) * kLd + channel(),
                       reinterpret_cast<const char*>(from) + pixels[j].offset,
                       inside.contains(pixels[j].place) ? 16 : 0);
    }
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
  using Low = PatchShare<T, kA, kThreads>;
  using High = PatchShare<T, kB, kThreads>;
  // Pixels that a thread copies together: all of the low patch; most high patches have as many.
  static constexpr int kLowCopies = kPixels / Low::kStride;
  static constexpr int kHighCopies = kTaps == 1 ? kPixels / High::kStride : tile.stride + 1;
  static_assert(kPixels % Low::kStride == 0);
  static_assert((kPixels - 1) * tile.stride + tile.taps_h <= PatchBounds::kFarthest);

  T* low;
  T* high;

  struct Pixel {
    int image, y, x;
  };
  // A patch's first pixel in each image. That of the high one may lie outside.
  static __device__ __forceinline__ Pixel first_low(const WgradParams<T>& p,
                                                    const PatchCursor& at) {
    return {at.image * (kPixels >> (p.log_rows + p.log_columns)), at.row << p.log_rows,
            at.column << p.log_columns};
  }
  static __device__ __forceinline__ Pixel first_high(const WgradParams<T>& p,
                                                     const PatchCursor& at) {
    const Pixel low = first_low(p, at);
    return {low.image, low.y * tile.stride - p.pad, low.x * tile.stride - p.pad};
  }

  static __device__ __forceinline__ int elements(const WgradParams<T>& p) {
    return kPixels * kLdA + p.high_pixels * kLdB;
  }
  __device__ PatchStage(T* smem, int index, const WgradParams<T>& p)
      : low(smem + index * elements(p)), high(low + kPixels * kLdA) {}

  // First element of the high pixel under the first tap of a low pixel of the patch. For numbers
  // of pixels without a common bit, that of their sum is the sum of theirs.
  static __device__ __forceinline__ int high_row(const WgradParams<T>& p, int pixel) {
    if constexpr (kTaps == 1) return pixel * kLdB;
    const int x = pixel & ((1 << p.log_columns) - 1), line = pixel >> p.log_columns;
    const int y = line & ((1 << p.log_rows) - 1), image = line >> p.log_rows;
    return ((image * p.high_rows + y * tile.stride) * p.high_columns + x) * kLdB;
  }
  // Offset from there to tap (r, s).
  static __device__ __forceinline__ int tap_offset(const WgradParams<T>& p, int r, int s) {
    const int column = tile.stride == 1 ? s : (s & 1) * (p.high_columns / 2) + (s >> 1);
    return (r * p.high_columns + column) * kLdB;
  }

  // Writes the PatchPixels of all pixels into this stage, the first, for load().
  __device__ __forceinline__ void list_pixels(const WgradParams<T>& p) const {
    const auto pixel_at = [](int n, int y, int x, int h, int w, int c) {
      const auto bytes = static_cast<uint32_t>(c * static_cast<int>(sizeof(T)));
      const uint32_t row = static_cast<uint32_t>(n * h + y) * static_cast<uint32_t>(w);
      return PatchPixel{(row + static_cast<uint32_t>(x)) * bytes, place_of(n, y, x)};
    };
    int n, y, x;
    for (int i = static_cast<int>(threadIdx.x); i < kPixels; i += kThreads) {
      locate_low_pixel(p, i, n, y, x);
      *Low::listed(low, i) = pixel_at(n, y, x, p.low_h, p.low_w, p.low_c);
    }
    for (int i = static_cast<int>(threadIdx.x); i < p.high_pixels; i += kThreads) {
      locate_high_pixel(p, i, n, y, x);
      *High::listed(high, i) = pixel_at(n, y, x, p.high_h, p.high_w, p.high_c);
    }
  }

  // The addresses of this thread's channels of a patch's first pixels.
  struct Source {
    const T* low;
    const T* high;

    __device__ __forceinline__ Source(const WgradParams<T>& p, const PatchCursor& at, int a, int b)
        : low(p.low + channel_of(first_low(p, at), p.low_h, p.low_w, p.low_c) + a),
          high(p.high + channel_of(first_high(p, at), p.high_h, p.high_w, p.high_c) + b) {}
    __device__ __forceinline__ void move_right(const WgradParams<T>& p) {
      low += p.low_c << p.log_columns;
      high += (p.high_c << p.log_columns) * tile.stride;
    }

   private:
    static __device__ __forceinline__ int64_t channel_of(const Pixel& at, int h, int w, int c) {
      return int64_t{(at.image * h + at.y) * w + at.x} * c;
    }
  };

  // The first of this thread's channels.
  static __device__ __forceinline__ int channel_a(int a0) { return a0 + Low::channel(); }
  static __device__ __forceinline__ int channel_b(int b0) { return b0 + High::channel(); }

  // Starts this thread's copies of the patch `at`; zeros outside the image and beyond the channels.
  // `first` is the first stage.
  __device__ __forceinline__ void load(const WgradParams<T>& p, const PatchStage& first,
                                       const PatchCursor& at, const Source& from, int a,
                                       int b) const {
    if (at.is_inside(p) && a < p.low_c && b < p.high_c) [[likely]] {
      return copy(p, first, from, NoBounds{}, NoBounds{});
    }
    const Pixel l = first_low(p, at), h = first_high(p, at);
    const int last_image = p.n - 1 - l.image;
    PatchBounds low_inside, high_inside;
    low_inside.set_last(a < p.low_c ? last_image : -1, p.low_h - 1 - l.y, p.low_w - 1 - l.x);
    high_inside.set_first(-h.y, -h.x);
    high_inside.set_last(b < p.high_c ? last_image : -1, p.high_h - 1 - h.y, p.high_w - 1 - h.x);
    copy(p, first, from, low_inside, high_inside);
  }

  // Rounds to tf32 the values that load() of this thread has copied: far fewer roundings than one
  // for each fragment.
  __device__ __forceinline__ void round(const WgradParams<T>& p) const {
    static_assert(sizeof(T) == 4);
    float* const low_at = low + Low::pixel() * kLdA + Low::channel();
#pragma unroll
    for (int j = 0; j < kLowCopies; ++j) round_pack(low_at + j * Low::kStride * kLdA);
    float* const high_at = high + High::channel();
#pragma unroll 2
    for (int i = High::pixel(); i < p.high_pixels; i += High::kStride) {
      round_pack(high_at + i * kLdB);
    }
  }

 private:
  template <typename Bounds>
  __device__ __forceinline__ void copy(const WgradParams<T>& p, const PatchStage& first,
                                       const Source& from, const Bounds& low_inside,
                                       const Bounds& high_inside) const {
    const auto always = [](int) { return true; };
    Low::template copy<kLowCopies>(low, from.low, first.low, Low::pixel(), always, low_inside);
    if constexpr (kTaps == 1) {
      High::template copy<kHighCopies>(high, from.high, first.high, High::pixel(), always,
                                       high_inside);
    } else {
      const int end = p.high_pixels;
#pragma unroll 1
      for (int i = High::pixel(); i < end; i += kHighCopies * High::kStride) {
        High::template copy<kHighCopies>(
            high, from.high, first.high, i, [end](int pixel) { return pixel < end; }, high_inside);
      }
    }
  }

  // Image, row and column, in the patch, of the pixel stored at `index`.
  static __device__ __forceinline__ void locate_low_pixel(const WgradParams<T>& p, int index,
                                                          int& n, int& y, int& x) {
    x = index & ((1 << p.log_columns) - 1);
    y = (index >> p.log_columns) & ((1 << p.log_rows) - 1);
    n = index >> (p.log_columns + p.log_rows);
  }
  static __device__ __forceinline__ void locate_high_pixel(const WgradParams<T>& p, int index,
                                                           int& n, int& y, int& x) {
    if constexpr (kTaps == 1) return locate_low_pixel(p, index, n, y, x);
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
