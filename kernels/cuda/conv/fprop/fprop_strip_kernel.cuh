// fprop_strip_kernel.cuh: convolution of wide images with few channels, for one type per source.
//
// With few channels the tiles of fprop would fetch each input value once per tap. Here a block
// keeps the whole filter in shared memory and moves down a strip of the image with a ring of input
// lines, so each value is fetched once (except a pixel at either side of the strip and a line at
// either end); taps are shifted reads of the same lines. For stride 2 a line stores its even
// columns, then its odd ones, which makes those reads neighbours too.
#pragma once

#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/round_pack.cuh"
#include "kernels/cuda/conv/fprop/fprop_pixels.cuh"
#include "kernels/cuda/conv/fprop/fprop_strip.h"

namespace pg::cuda {
namespace {

constexpr int kMostLines = 32;  // of a block

// --- kernels ---

template <typename T, typename Strip>
struct StripLayout {
  static constexpr TapPattern kPattern = Strip::kPattern;
  static constexpr int kStride = kPattern == TapPattern::gather ? 2 : 1;
  static constexpr int kPhases = kPattern == TapPattern::spread ? 4 : 1;
  static constexpr int kTapWidth = kPattern == TapPattern::gather   ? 4
                                   : kPattern == TapPattern::spread ? 2
                                                                    : 3;
  static constexpr int kTaps = kTapWidth * kTapWidth;
  static constexpr int kWindow = kPattern == TapPattern::gather ? 4 : 3;  // input lines of a result
  static constexpr int kRing = kWindow + Strip::kAhead * kStride;
  static constexpr int kPacks = Strip::kInputs / kPack<T>;    // of a pixel
  static constexpr int kPlane = Strip::kWidth + 2 / kStride;  // pixels
  static constexpr int kLinePixels = kStride * kPlane;        // inputs of a strip's line
  static constexpr int kLine = kLinePixels * Strip::kInputs;  // elements
  static constexpr int kTapFilter = Strip::kOutputs * Strip::kInputs;
  static constexpr int kFilter = kPhases * kTaps * kTapFilter;
  static constexpr int64_t kSharedBytes =
      (kRing * kLine + kFilter) * static_cast<int64_t>(sizeof(T)) + Strip::Warps::kSharedBytes;
};

// The results of a block: (y0 .. y1 - 1, x0 .. x0 + kWidth - 1) of a sample's low-resolution image.
struct StripPlace {
  int sample, y0, y1, x0;
};

// A lane's pixels of a line of results, kApart from one to the next.
template <int kApart>
struct StripPixels {
  int64_t first;
  int rows;  // from the first one on, that lie in the image

  __device__ __forceinline__ bool has(int row) const { return row < rows; }
  __device__ __forceinline__ int64_t index(int row) const { return first + row * kApart; }
};

template <typename T>
struct StripParams {
  FpropParams<T> conv;
  int low_height, low_width, lines;  // lines: of a block
  EpilogueForm form;                 // but for any, with all channels in a warp
  Divider across, down;              // strips of an image along its width and its height
};

// Starts the copies of the filter: [phase][tap] tiles of outputs x inputs.
template <typename T, typename Strip>
__device__ __forceinline__ void copy_filter(const FpropParams<T>& p, T* tiles) {
  using L = StripLayout<T, Strip>;
  constexpr int kItems = L::kPhases * L::kTaps * Strip::kOutputs * L::kPacks;
#pragma unroll 1
  for (int i = static_cast<int>(threadIdx.x); i < kItems; i += Strip::kThreads) {
    const int pack = i % L::kPacks, tap = i / L::kPacks % L::kTaps;
    const int output = i / (L::kPacks * L::kTaps) % Strip::kOutputs;
    const int phase = i / (L::kPacks * L::kTaps * Strip::kOutputs);
    const bool inside = output < p.epilogue.channels;
    const int at = ((phase * p.epilogue.channels + output) * L::kTaps + tap) * Strip::kInputs;
    T* const tile = tiles + (phase * L::kTaps + tap) * L::kTapFilter;
    ptx::cp_async_16(tile_pack<L::kPacks>(tile, output, pack),
                     p.filter + (inside ? at + pack * kPack<T> : 0), inside ? 16 : 0);
  }
}

// The slot of the ring for one below 2 kRing.
template <int kRing>
__device__ __forceinline__ int ring_slot(int slot) {
  return slot >= kRing ? slot - kRing : slot;
}

// The copies of input lines by one thread: a pack of every kApart-th pixel.
template <typename T, typename Strip>
class LineCopies {
 public:
  __device__ __forceinline__ LineCopies(const FpropParams<T>& p, const StripPlace& place)
      : p_(p),
        first_line_(place.sample * p.height),
        x_(place.x0 * L::kStride - 1 + column()),
        to_(column() % L::kStride * L::kPlane * Strip::kInputs +
            swizzled<L::kPacks>(column() / L::kStride, pack()) * kPack<T>) {}

  // Starts the copies of line y of the image, zeros outside of it.
  __device__ __forceinline__ void start(int y, T* line) const {
    const bool inside = y >= 0 && y < p_.height;
    const T* const from =
        p_.in + (int64_t{first_line_ + y} * p_.width + x_) * Strip::kInputs + pack() * kPack<T>;
    for_each_pack<L::kLinePixels>(line, [&](int k, T* to) {
      const bool exists = inside && static_cast<unsigned>(x_ + k) < static_cast<unsigned>(p_.width);
      ptx::cp_async_16(to, from + k * Strip::kInputs, exists ? 16 : 0);
    });
  }

  // Rounds what this thread's copies of a line have brought.
  __device__ __forceinline__ void round(T* line) const {
    for_each_pack<4>(line, [](int, T* at) { round_pack(at); });
  }

 private:
  using L = StripLayout<T, Strip>;
  static constexpr int kApart = Strip::kThreads / L::kPacks;
  static_assert(kApart / L::kStride % 8 == 0);  // the swizzle repeats

  __device__ static int pack() { return static_cast<int>(threadIdx.x) % L::kPacks; }
  __device__ static int column() { return static_cast<int>(threadIdx.x) / L::kPacks; }

  // Calls f(k, place in the line) for each pack of this thread: that of its pixel column() + k.
  template <int kUnroll, typename F>
  __device__ __forceinline__ void for_each_pack(T* line, F f) const {
#pragma unroll kUnroll
    for (int k = 0; k < L::kLinePixels; k += kApart) {
      if (k + kApart > L::kLinePixels && column() + k >= L::kLinePixels) break;
      f(k, line + to_ + rows_ahead<T, L::kPacks>(k / L::kStride));
    }
  }

  const FpropParams<T>& p_;
  int first_line_;  // of the sample
  int x_, to_;      // of the first pixel
};

// acc += one instruction's depth of products; a and b are this lane's addresses.
template <typename T, typename Strip>
__device__ __forceinline__ void multiply_step(const T* a, const T* b,
                                              float (&acc)[Strip::Warps::kM][Strip::Warps::kN][4]) {
  using Warps = typename Strip::Warps;
  constexpr int kPacks = StripLayout<T, Strip>::kPacks;
  uint32_t fb[Warps::kN / 2][4];
#pragma unroll
  for (int j = 0; j < Warps::kN / 2; ++j) {
    ptx::ldmatrix_x4(fb[j], b + rows_ahead<T, kPacks>(16 * j));
  }
#pragma unroll
  for (int i = 0; i < Warps::kM; ++i) {
    uint32_t fa[4];
    ptx::ldmatrix_x4(fa, a + rows_ahead<T, kPacks>(16 * i));
#pragma unroll
    for (int j = 0; j < Warps::kN; ++j) {
      const uint32_t pair[2] = {fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]};
      mma<T>(acc[i][j], fa, pair);
    }
  }
}

// acc = the sums of one phase of a line of results, in the order of fprop_kernel: lines of the
// filter, units of kStepPacks packs of channels, taps of the line. window: the ring slot of the
// first of its input lines.
template <typename T, typename Strip>
__device__ __forceinline__ void multiply_line(const T* ring, const T* filter, int window, int phase,
                                              float (&acc)[Strip::Warps::kM][Strip::Warps::kN][4]) {
  using L = StripLayout<T, Strip>;
  using Warps = typename Strip::Warps;
  constexpr int kFirst = L::kPattern == TapPattern::spread ? 1 : 0;  // tap of phase 1
  const int at_b = offset_b<T, L::kPacks>(0);
  int at_a[L::kTapWidth];
#pragma unroll
  for (int v = 0; v < L::kTapWidth; ++v) {
    at_a[v] = offset_a<T, L::kPacks>(Warps::first_row() + v / L::kStride + kFirst * (phase % 2)) +
              v % L::kStride * L::kPlane * Strip::kInputs;
  }
#pragma unroll 1  // unrolled taps would fill the registers with addresses
  for (int u = 0; u < L::kTapWidth; ++u) {
    const int slot = ring_slot<L::kRing>(window + u + kFirst * (phase / 2));
    const T* const line = ring + slot * L::kLine;
#pragma unroll
    for (int first = 0; first < L::kPacks; first += kStepPacks) {
#pragma unroll
      for (int v = 0; v < L::kTapWidth; ++v) {
        const T* const tile = filter + (phase * L::kTaps + u * L::kTapWidth + v) * L::kTapFilter;
#pragma unroll
        for (int step = first / 2; step < min(first + kStepPacks, L::kPacks) / 2; ++step) {
          multiply_step<T, Strip>(line + at_step<T>(at_a[v], step), tile + at_step<T>(at_b, step),
                                  acc);
        }
      }
    }
  }
}

template <typename T, typename Strip>
__global__ void __launch_bounds__(Strip::kThreads, Strip::kBlocks)
    fprop_strip_kernel(const StripParams<T> p) {
  ptx::follow_earlier_kernels();
  using L = StripLayout<T, Strip>;
  using Warps = typename Strip::Warps;
  T* const ring = dynamic_smem<T>();
  T* const filter = ring + L::kRing * L::kLine;
  float* const scratch = reinterpret_cast<float*>(filter + L::kFilter);
  uint32_t rest = blockIdx.x;
  const int x0 = static_cast<int>(p.across.split(rest)) * Strip::kWidth;
  const int y0 = static_cast<int>(p.down.split(rest)) * p.lines;
  const StripPlace place{static_cast<int>(rest), y0, min(y0 + p.lines, p.low_height), x0};
  const LineCopies<T, Strip> copies(p.conv, place);
  int next = place.y0 * L::kStride - 1, next_slot = 0;  // input line to be copied next
  const auto copy_lines = [&](int end) {
#pragma unroll 1
    for (; next < end; ++next) {
      copies.start(next, ring + next_slot * L::kLine);
      next_slot = next_slot + 1 == L::kRing ? 0 : next_slot + 1;
    }
    ptx::cp_async_commit();
  };
  // Result line y needs all input lines before this one.
  const auto end_for = [&](int y) { return min(y, place.y1 - 1) * L::kStride - 1 + L::kWindow; };

  copy_filter<T, Strip>(p.conv, filter);
  for (int i = 0; i < Strip::kAhead; ++i) copy_lines(end_for(place.y0 + i));
  int window = 0;
  for (int y = place.y0; y < place.y1; ++y) {
    ptx::cp_async_wait<Strip::kAhead - 1>();
    if constexpr (sizeof(T) == 4) {
#pragma unroll 1
      for (int i = y == place.y0 ? 0 : L::kWindow - L::kStride; i < L::kWindow; ++i) {
        copies.round(ring + ring_slot<L::kRing>(window + i) * L::kLine);
      }
    }
    __syncthreads();
    copy_lines(end_for(y + Strip::kAhead));
#pragma unroll 1
    for (int phase = 0; phase < L::kPhases; ++phase) {
      float acc[Warps::kM][Warps::kN][4] = {};
      multiply_line<T, Strip>(ring, filter, window, phase, acc);
      const auto result_pixel = [&](int column) -> int64_t {
        const int x = place.x0 + column;
        const int64_t line = static_cast<int64_t>(place.sample) * p.low_height + y;
        if constexpr (L::kPhases == 1) return line * p.low_width + x;
        return (2 * line + phase / 2) * 2 * p.low_width + 2 * x + phase % 2;
      };
      const int column = Warps::first_row() + Warps::lane() / 4;
      const StripPixels<L::kPhases == 1 ? 1 : 2> pixels{result_pixel(column),
                                                        p.low_width - place.x0 - column};
      if (!write_form<Warps>(p.form, p.conv.epilogue, acc, Strip::kOutputs, 0, pixels)) {
        const int zero = ptx::late_zero();  // no registers for a rare case during the sums
        write_results<Warps>(p.conv.epilogue, acc, scratch, 0, [&](int x) -> int64_t {
          return place.x0 + x < p.low_width ? result_pixel(x + zero) : -1;
        });
      }
    }
    window = ring_slot<L::kRing>(window + L::kStride);
  }
  ptx::cp_async_wait<0>();
}

// --- launchers ---

template <typename Strip>
bool strip_fits(const StripShape& s) {
  const int64_t taps = Strip::kPattern == TapPattern::plain    ? 9
                       : Strip::kPattern == TapPattern::spread ? 4
                                                               : 16;
  return s.pattern == Strip::kPattern && s.taps == taps && s.inputs == Strip::kInputs &&
         s.outputs <= Strip::kOutputs;
}

// Calls f with the first strip that fits; false: none.
template <typename T, typename F>
bool with_strip(const Queue& queue, const StripShape& s, F f) {
  const auto attempt = [&]<typename Strip>(const Strip& strip) {
    if (!strip_fits<Strip>(s)) return false;
    if (StripLayout<T, Strip>::kSharedBytes > queue.smem_per_block()) return false;
    f(strip);
    return true;
  };
  return std::apply([&](const auto&... strip) { return (attempt(strip) || ...); },
                    typename FpropStrips<T>::Type{});
}

// Lines of a block: many, since each block first reads lines that its neighbour reads too, but few
// enough for four blocks on each processor.
template <typename Strip>
int64_t lines_of(const Queue& queue, const StripShape& s) {
  const int64_t strips = s.samples * ceil_div(s.width, Strip::kWidth);
  int64_t lines = kMostLines;
  while (lines > 8 && strips * ceil_div(s.height, lines) < 4 * queue.processors()) lines /= 2;
  return lines;
}

}  // namespace

template <typename T>
double strip_time(const Queue& queue, const StripShape& s) {
  double time = -1.0;
  with_strip<T>(queue, s, [&]<typename Strip>(const Strip&) {
    const int64_t lines = lines_of<Strip>(queue, s);
    const int64_t blocks = s.samples * ceil_div(s.width, Strip::kWidth) * ceil_div(s.height, lines);
    const int phases = StripLayout<T, Strip>::kPhases;
    time = static_cast<double>(ceil_div(blocks, queue.processors()) * lines * phases) *
           Strip::kWidth * Strip::kOutputs;
  });
  return time;
}

template <typename T>
void launch_strip(const Queue& queue, const FpropParams<T>& params, const StripShape& s) {
  const bool fits = with_strip<T>(queue, s, [&]<typename Strip>(const Strip&) {
    const int64_t lines = lines_of<Strip>(queue, s);
    const int64_t across = ceil_div(s.width, Strip::kWidth), down = ceil_div(s.height, lines);
    const StripParams<T> p{params,
                           static_cast<int>(s.height),
                           static_cast<int>(s.width),
                           static_cast<int>(lines),
                           params.epilogue.channels == Strip::kOutputs
                               ? form_of<typename Strip::Warps>(params.epilogue)
                               : EpilogueForm::any,
                           Divider(across),
                           Divider(down)};
    launch(queue, fprop_strip_kernel<T, Strip>,
           {.grid = dim3(static_cast<unsigned>(s.samples * across * down)),
            .block = dim3(Strip::kThreads),
            .smem = StripLayout<T, Strip>::kSharedBytes},
           p);
  });
  PG_ASSERT(fits);
}

}  // namespace pg::cuda
