// rgb_fprop.cu: 1x1 convolution between a few (at most 4) and many channels, on CUDA cores.
//
// Both directions are bound by reading and writing each value once. From few to many channels, a
// thread keeps the filter of one pack of channels in registers and iterates over pixels; from many
// to few, a group of lanes shares a pixel, reads its row in packs and sums with shuffles. The input
// gradients are the same two with the filter's strides exchanged.
#include "kernels/cuda/conv/rgb/rgb_fprop.h"

#include <cmath>

#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/sums.cuh"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/norm/norm_and_gate.h"

namespace pg::cuda {
namespace {

constexpr int kThreads = 256, kFew = kFewChannels;

// --- kernels ---

template <typename T>
struct RgbParams {
  const T* in;
  T* out;
  int64_t pixels;
  int few, many;
  Access access;    // of the wide tensor and the gate
  const Acc<T>* w;  // of the pair (f, m): w[f * w_few + m * w_many]
  int64_t w_few, w_many;
  Acc<T> factor;
  const Acc<T>* b;  // null: no bias, no lrelu
  Acc<T> slope;
  const T* gate;  // null: no gate
  Acc<T> gate_slope;
  const Acc<T>* vjp_r;  // null: no gradient of a norm; else the norm's result is the gate
};

// lrelu(factor * sum + bias); contraction is written out, so every compiler gives the same bits.
template <typename T>
__device__ __forceinline__ Acc<T> activated(const RgbParams<T>& p, Acc<T> sum, Acc<T> bias) {
  const Acc<T> v = std::fma(p.factor, sum, bias);
  return p.b == nullptr || v > Acc<T>{0} ? v : v * p.slope;
}
template <typename T>
__device__ __forceinline__ T gated(const RgbParams<T>& p, Acc<T> v, T gate) {
  return from_acc<T>(p.gate != nullptr && !(to_acc(gate) > Acc<T>{0}) ? v * p.gate_slope : v);
}

template <typename T, int kCount>
__global__ void __launch_bounds__(kThreads) expand_kernel(const RgbParams<T> p) {
  ptx::follow_earlier_kernels();
  const int packs = p.many / kCount, across = min(packs, kThreads);
  const int lane = static_cast<int>(threadIdx.x) % across;
  const int rows = kThreads / across, row = static_cast<int>(threadIdx.x) / across;
  if (row >= rows) return;
  for (int pack = lane; pack < packs; pack += across) {
    const int first = pack * kCount;
    Acc<T> w[kFew][kCount], bias[kCount];
#pragma unroll
    for (int m = 0; m < kCount; ++m) {
      bias[m] = p.b != nullptr ? p.b[first + m] : Acc<T>{0};
#pragma unroll
      for (int f = 0; f < kFew; ++f) {
        w[f][m] = f < p.few ? p.w[f * p.w_few + (first + m) * p.w_many] : Acc<T>{0};
      }
    }
    for (int64_t block = int64_t{blockIdx.x} * rows; block < p.pixels;
         block += int64_t{gridDim.x} * rows) {
      const int64_t pixel = min(block + row, p.pixels - 1);  // all lanes take part in the sum
      Acc<T> x[kFew];
#pragma unroll
      for (int f = 0; f < kFew; ++f) {
        x[f] = f < p.few ? to_acc(p.in[pixel * p.few + f]) : Acc<T>{0};
      }
      const int64_t at = pixel * p.many + first;
      Pack<T, kCount> gate{}, result;
      if (p.gate != nullptr) gate = load<kCount>(p.gate + at, p.access);
      Acc<T> v[kCount], mean{0};
#pragma unroll
      for (int m = 0; m < kCount; ++m) {
        Acc<T> sum{0};
#pragma unroll
        for (int f = 0; f < kFew; ++f) sum += x[f] * w[f][m];
        v[m] = activated(p, sum, bias[m]);
        mean += v[m] * to_acc(gate.value[m]);
      }
      if (p.vjp_r != nullptr) {
        mean = group_sum(mean, across) / static_cast<Acc<T>>(p.many);
        const Acc<T> r = p.vjp_r[pixel];
#pragma unroll
        for (int m = 0; m < kCount; ++m) v[m] = r * (v[m] - to_acc(gate.value[m]) * mean);
      }
#pragma unroll
      for (int m = 0; m < kCount; ++m) result.value[m] = gated(p, v[m], gate.value[m]);
      if (block + row < p.pixels) store(p.out + at, result, p.access);
    }
  }
}

// Lanes that share a pixel.
__host__ __device__ constexpr int lanes_for(int packs) { return power_of_two(packs, kWarp); }

// Adds the products of this lane's packs of one pixel.
template <typename T, int kCount>
__device__ __forceinline__ void add_pixel(const RgbParams<T>& p, const Acc<T>* w, int64_t pixel,
                                          int lane, int lanes, Acc<T> (&sum)[kFew]) {
  for (int first = lane * kCount; first < p.many; first += lanes * kCount) {
    const auto x = load<kCount>(p.in + pixel * p.many + first, p.access);
#pragma unroll
    for (int m = 0; m < kCount; ++m) {
#pragma unroll
      for (int f = 0; f < kFew; ++f) sum[f] += to_acc(x.value[m]) * w[f * p.many + first + m];
    }
  }
}

template <typename T, int kCount>
__global__ void __launch_bounds__(kThreads) contract_kernel(const RgbParams<T> p) {
  ptx::follow_earlier_kernels();
  Acc<T>* const w = dynamic_smem<Acc<T>>();  // [kFew][many], zero beyond few
  for (int i = static_cast<int>(threadIdx.x); i < kFew * p.many; i += kThreads) {
    const int f = i / p.many, m = i % p.many;
    w[i] = f < p.few ? p.w[f * p.w_few + m * p.w_many] : Acc<T>{0};
  }
  __syncthreads();
  const int lanes = lanes_for(p.many / kCount), lane = static_cast<int>(threadIdx.x) % lanes;
  const int rows = kThreads / lanes, row = static_cast<int>(threadIdx.x) / lanes;
  for (int64_t first = int64_t{blockIdx.x} * rows; first < p.pixels;
       first += int64_t{gridDim.x} * rows) {
    const int64_t pixel = first + row;
    Acc<T> sum[kFew] = {};
    if (pixel < p.pixels) add_pixel<T, kCount>(p, w, pixel, lane, lanes, sum);
#pragma unroll
    for (int f = 0; f < kFew; ++f) {
      sum[f] = group_sum(sum[f], lanes);
      if (pixel >= p.pixels || f >= p.few || lane != f % lanes) continue;
      const int64_t at = pixel * p.few + f;
      const Acc<T> bias = p.b != nullptr ? p.b[f] : Acc<T>{0};
      const T gate = p.gate != nullptr ? p.gate[at] : from_acc<T>(Acc<T>{0});
      p.out[at] = gated(p, activated(p, sum[f], bias), gate);
    }
  }
}

// --- launchers ---

// Whether a norm's gradient can be fused: one warp holds all packs of a pixel, side by side.
bool norm_is_fused(const Conv2dInputGradArgs& a) {
  const int64_t few = a.w.shape.n, many = a.w.shape.c, each = 16 / size_of(a.dx.dtype);
  const int64_t packs = many / each;
  return few < many && many % each == 0 && packs <= kWarp && (packs & (packs - 1)) == 0;
}

template <typename T, int kCount>
void launch_expand(const Queue& queue, const RgbParams<T>& p) {
  const int64_t rows = kThreads / std::min<int64_t>(p.many / kCount, kThreads);
  LaunchShape shape = stride_grid(queue, p.pixels, static_cast<int>(rows));
  shape.block = dim3(kThreads);
  launch(queue, expand_kernel<T, kCount>, shape, p);
}

template <typename T, int kCount>
void launch_contract(const Queue& queue, const RgbParams<T>& p) {
  LaunchShape shape =
      stride_grid(queue, p.pixels, static_cast<int>(kThreads / lanes_for(p.many / kCount)));
  shape.block = dim3(kThreads);
  shape.smem = kFew * p.many * static_cast<int64_t>(sizeof(Acc<T>));
  launch(queue, contract_kernel<T, kCount>, shape, p);
}

enum class Direction : uint8_t { expand, contract };

// From few channels to many, or back if the input has as many or more. The length of packs, and so
// the order of sums, depends on shapes only.
template <typename T>
void launch_rgb(const Queue& queue, RgbParams<T> p, Direction direction) {
  const bool expands = direction == Direction::expand;
  const bool packs = p.many % kPack<T> == 0;
  p.access = access_if(packs && (expands ? is_aligned(p.out, p.gate) : is_aligned(p.in)));
  if (expands) {
    return packs ? launch_expand<T, kPack<T>>(queue, p) : launch_expand<T, 1>(queue, p);
  }
  return packs ? launch_contract<T, kPack<T>>(queue, p) : launch_contract<T, 1>(queue, p);
}

}  // namespace

void rgb_fprop(Queue& queue, const Conv2dArgs& a) {
  if (a.r) {  // never fused; the gate follows it
    Conv2dArgs plain = a;
    plain.r = {};
    plain.gate = {};
    rgb_fprop(queue, plain);
    return norm_and_gate(queue, a);
  }
  dispatch_storage(a.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t k = a.w.shape.n, c = a.w.shape.c;
    const bool from_few = c < k;
    launch_rgb<T>(queue,
                  {.in = a.x.as<T>(),
                   .out = a.y.as<T>(),
                   .pixels = a.y.shape.pixels(),
                   .few = static_cast<int>(std::min(c, k)),
                   .many = static_cast<int>(std::max(c, k)),
                   .access = Access::elements,
                   .w = a.w.as<Acc<T>>(),
                   .w_few = from_few ? 1 : c,
                   .w_many = from_few ? c : 1,
                   .factor = static_cast<Acc<T>>(a.geometry.scale),
                   .b = a.b.as<Acc<T>>(),
                   .slope = static_cast<Acc<T>>(a.slope),
                   .gate = a.gate.as<T>(),
                   .gate_slope = static_cast<Acc<T>>(a.gate_slope),
                   .vjp_r = nullptr},
                  from_few ? Direction::expand : Direction::contract);
  });
}

void rgb_dgrad(Queue& queue, const Conv2dInputGradArgs& a) {
  if (a.r && !norm_is_fused(a)) {
    Conv2dInputGradArgs plain = a;
    plain.r = plain.gate = {};
    rgb_dgrad(queue, plain);
    return norm_and_gate(queue, a);
  }
  dispatch_storage(a.dy.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t k = a.w.shape.n, c = a.w.shape.c;
    const bool from_few = k < c;
    launch_rgb<T>(queue,
                  {.in = a.dy.as<T>(),
                   .out = a.dx.as<T>(),
                   .pixels = a.dx.shape.pixels(),
                   .few = static_cast<int>(std::min(c, k)),
                   .many = static_cast<int>(std::max(c, k)),
                   .access = Access::elements,
                   .w = a.w.as<Acc<T>>(),
                   .w_few = from_few ? c : 1,
                   .w_many = from_few ? 1 : c,
                   .factor = static_cast<Acc<T>>(a.geometry.scale),
                   .b = nullptr,
                   .slope = Acc<T>{1},
                   .gate = a.gate.as<T>(),
                   .gate_slope = static_cast<Acc<T>>(a.gate_slope),
                   .vjp_r = a.r.as<Acc<T>>()},
                  from_few ? Direction::expand : Direction::contract);
  });
}

}  // namespace pg::cuda
