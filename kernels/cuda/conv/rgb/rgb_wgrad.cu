// rgb_wgrad.cu: the weight gradient of 1x1 layers from or to few channels (RGB, gray).
//
// Each thread has one pack of the wide image's channels and iterates over pixels, so both images
// are read once and summed in registers: f32 sums of at most 64 terms, then sums of those. Then the
// pixel lanes of a block are added in order, and then the blocks.
#include "kernels/cuda/conv/rgb/rgb_wgrad.h"

#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/conv/filters/taps.h"
#include "kernels/cuda/conv/wgrad/wgrad_sums.h"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kInARow = 64;     // pixels of one sum
constexpr int kMostLanes = 64;  // pixels that a block reads together
constexpr int64_t kMostChunks = 528;

// --- kernels ---

struct RgbShape {
  int64_t pixels, chunk;  // all, and of a block
  int wide;               // channels of the wide image
  int vectors, lanes;     // of a block: groups of channels, pixels
  bool to_rgb;            // the image with few channels is dy
};

// Sums of one thread. Rows 0 to kN - 1: wide channels times a narrow one; row kN: wide channels;
// narrow: narrow channels.
template <typename T, int kN>
struct RgbSums {
  static constexpr int kVec = kPack<T>;
  float rows[kN + 1][kVec] = {};
  float narrow[kN] = {};

  template <Access kAccess>
  __device__ __forceinline__ void add_pixel(const T* wide_at, const T* narrow_at) {
    const Pack<T, kVec> v = load<kVec>(wide_at, kAccess);
#pragma unroll
    for (int j = 0; j < kN; ++j) {
      const float x = to_acc(narrow_at[j]);
      narrow[j] += x;
#pragma unroll
      for (int i = 0; i < kVec; ++i) rows[j][i] += to_acc(v.value[i]) * x;
    }
#pragma unroll
    for (int i = 0; i < kVec; ++i) rows[kN][i] += to_acc(v.value[i]);
  }
  __device__ __forceinline__ void add(const RgbSums& other) {
#pragma unroll
    for (int j = 0; j <= kN; ++j) {
#pragma unroll
      for (int i = 0; i < kVec; ++i) rows[j][i] += other.rows[j][i];
      if (j < kN) narrow[j] += other.narrow[j];
    }
  }
  // Row j of the kN + 2 rows that a block adds up one after the other; the last holds the narrow
  // sums.
  __device__ __forceinline__ float turn(int j, int i) const {
    float v = 0.0f;
#pragma unroll
    for (int row = 0; row <= kN; ++row) {
#pragma unroll
      for (int column = 0; column < kVec; ++column) {
        if (row == j && column == i) v = rows[row][column];
      }
    }
#pragma unroll
    for (int column = 0; column < kN; ++column) {
      if (j == kN + 1 && column == i) v = narrow[column];
    }
    return v;
  }
};

// partial [chunks, K, C], bias [chunks, K] or null. kAccess: of the wide channels.
template <typename T, int kN, Access kAccess>
__global__ void __launch_bounds__(kThreads)
    rgb_wgrad_kernel(const T* __restrict__ wide, const T* __restrict__ narrow,
                     float* __restrict__ partial, float* __restrict__ bias, RgbShape p) {
  ptx::follow_earlier_kernels();
  constexpr int kVec = kPack<T>;
  __shared__ float shared[kVec][kThreads];
  const int t = static_cast<int>(threadIdx.x), lane = t / p.vectors;
  const int channel = (static_cast<int>(blockIdx.y) * p.vectors + t % p.vectors) * kVec;
  const bool busy = lane < p.lanes && channel < p.wide;
  const int64_t chunk = blockIdx.x, begin = chunk * p.chunk, end = min(p.pixels, begin + p.chunk);
  const int64_t pass = int64_t{p.lanes} * kInARow;
  RgbSums<T, kN> total;
  for (int64_t from = begin; busy && from < end; from += pass) {
    RgbSums<T, kN> sum;
    const int64_t to = min(end, from + pass);
#pragma unroll 4
    for (int64_t pixel = from + lane; pixel < to; pixel += p.lanes) {
      sum.template add_pixel<kAccess>(wide + pixel * p.wide + channel, narrow + pixel * kN);
    }
    total.add(sum);
  }
#pragma unroll 1
  for (int turn = 0; turn < kN + 2; ++turn) {
#pragma unroll
    for (int i = 0; i < kVec; ++i) shared[i][t] = total.turn(turn, i);
    __syncthreads();
    for (int i = 0; lane == 0 && busy && i < kVec; ++i) {
      float sum = 0.0f;
      for (int l = 0; l < p.lanes; ++l) sum += shared[i][t + l * p.vectors];
      const int c = channel + i;
      if (turn < kN) {
        partial[chunk * kN * p.wide + (p.to_rgb ? turn * p.wide + c : c * kN + turn)] = sum;
      } else if (bias != nullptr && turn == kN && !p.to_rgb) {
        bias[chunk * p.wide + c] = sum;
      } else if (bias != nullptr && turn == kN + 1 && p.to_rgb && c < kN) {
        bias[chunk * kN + c] = sum;
      }
    }
    __syncthreads();
  }
}

// --- launchers ---

// Whether dy has the few channels (to RGB) rather than x (from RGB).
bool to_rgb(const Conv2dWeightGradArgs& args) { return args.dw.shape.n < args.dw.shape.c; }

template <typename T, int narrow_channels>
void launch_rgb_wgrad(Queue& queue, const Conv2dWeightGradArgs& args) {
  const bool to = to_rgb(args);
  const ConstTensorView wide = to ? args.x : args.dy, narrow = to ? args.dy : args.x;
  constexpr int kVec = kPack<T>;
  RgbShape p{.pixels = wide.shape.pixels(),
             .chunk = 0,
             .wide = static_cast<int>(wide.shape.c),
             .vectors = 1,
             .lanes = 1,
             .to_rgb = to};
  while (p.vectors * kVec < p.wide && p.vectors < 32) p.vectors *= 2;
  p.lanes = std::min(kMostLanes, kThreads / p.vectors);
  const int64_t pass = int64_t{p.lanes} * kInARow;
  p.chunk = pass * std::max<int64_t>(1, ceil_div(p.pixels, pass * kMostChunks));
  const int64_t chunks = ceil_div(p.pixels, p.chunk), numel = args.dw.shape.numel();
  const int64_t bias_numel = args.db ? args.dw.shape.n : 0;
  float* const partial =
      static_cast<float*>(queue.scratch(chunks * (numel + bias_numel) * int64_t{sizeof(float)}));
  float* const bias = args.db ? partial + chunks * numel : nullptr;
  const dim3 grid(static_cast<unsigned>(chunks),
                  static_cast<unsigned>(ceil_div(p.wide, p.vectors * kVec)));
  launch(queue,
         is_aligned(wide.as<T>()) ? rgb_wgrad_kernel<T, narrow_channels, Access::packs>
                                  : rgb_wgrad_kernel<T, narrow_channels, Access::elements>,
         {.grid = grid, .block = dim3(kThreads)}, wide.as<T>(), narrow.as<T>(), partial, bias, p);
  sum_wgrad_partials(queue, {.partial = partial,
                             .chunks = chunks,
                             .taps_h = 1,
                             .taps_w = 1,
                             .dw = args.dw,
                             .factor = args.geometry.scale,
                             .accumulate = args.accumulate,
                             .bias = bias_sums(args, bias, chunks)});
}

}  // namespace

bool rgb_wgrad_supports(const Conv2dWeightGradArgs& args) {
  const Shape& w = args.dw.shape;
  if (args.geometry.mode != ConvMode::same || args.geometry.pad != 0 || w.h != 1 || w.w != 1) {
    return false;
  }
  if (args.dy.dtype != DType::f32 && args.dy.dtype != DType::bf16) return false;
  const int64_t narrow = std::min(w.n, w.c), wide = std::max(w.n, w.c);
  return (narrow == 1 || narrow == 3) && wide * size_of(args.dy.dtype) % 16 == 0;
}

void rgb_wgrad(Queue& queue, const Conv2dWeightGradArgs& args) {
  const bool one = std::min(args.dw.shape.n, args.dw.shape.c) == 1;
  if (args.dy.dtype == DType::bf16) {
    return one ? launch_rgb_wgrad<bf16, 1>(queue, args) : launch_rgb_wgrad<bf16, 3>(queue, args);
  }
  return one ? launch_rgb_wgrad<float, 1>(queue, args) : launch_rgb_wgrad<float, 3>(queue, args);
}

}  // namespace pg::cuda
