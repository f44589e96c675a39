// fprop_pixels.cuh: the epilogue of strips and narrow tiles, whose warps have all columns.
// Results are those of write_results() (fprop_epilogue.cuh), bit for bit.
//
// The four lanes that share a pixel have all columns, so everything is done in registers and
// nothing passes through shared memory. f32 pairs of four lanes fill a sector of 32 bytes. Of bf16,
// neighbouring lanes first exchange pairs, so that each has four channels in a row and they fill a
// sector as well.
#pragma once

#include "kernels/cuda/conv/fprop/fprop_epilogue.cuh"

namespace pg::cuda {
namespace {

// Sum over the four lanes of a pixel, with the same bits in each.
__device__ __forceinline__ float quad_sum(float v) {
  v += __shfl_xor_sync(~0u, v, 1);
  return v + __shfl_xor_sync(~0u, v, 2);
}

// Two neighbours in 32 bits.
__device__ __forceinline__ uint32_t bits_of(float v0, float v1) {
  return __builtin_bit_cast(uint32_t, Pack<bf16, 2>{from_acc<bf16>(v0), from_acc<bf16>(v1)});
}

// Stores the values of one pixel: v[j][0] and v[j][1] are channels 8 j + 2 (lane % 4) + {0, 1}.
template <int kN>
__device__ __forceinline__ void store_pixel(float* out, bool exists, const float (&v)[kN][2]) {
  out += threadIdx.x % 4 * 2;
#pragma unroll
  for (int j = 0; j < kN; ++j) {
    if (exists) store(out + 8 * j, Pack<float, 2>{v[j][0], v[j][1]});
  }
}
template <int kN>
__device__ __forceinline__ void store_pixel(bf16* out, bool exists, const float (&v)[kN][2]) {
  static_assert(kN % 2 == 0);
  const bool odd = threadIdx.x % 2 != 0;  // gets channels of fragment j + 1
  out += odd ? 8 + threadIdx.x % 4 * 2 - 2 : threadIdx.x % 4 * 2;
#pragma unroll
  for (int j = 0; j < kN; j += 2) {
    const uint32_t here = bits_of(v[j][0], v[j][1]);
    const uint32_t there = bits_of(v[j + 1][0], v[j + 1][1]);
    const uint32_t got = __shfl_xor_sync(~0u, odd ? here : there, 1);
    const Pack<uint32_t, 2> four{odd ? got : here, odd ? there : got};
    if (exists) store(reinterpret_cast<uint32_t*>(out + 8 * j), four);
  }
}

// The steps of an epilogue after the factor.
enum class EpilogueForm : uint8_t {
  any,        // write_results()
  bias,       // bias and lrelu
  norm,       // bias, lrelu and pixel norm
  gate,       // gate
  norm_grad,  // the gradient of pixel norm, and gate
};

// For warps whose columns are all channels of the result, or some of them if no step needs all.
template <typename Warps, typename T>
EpilogueForm form_of(const FpropEpilogue<T>& e) {
  static_assert(Warps::kWarpsN == 1);
  const bool whole = e.access == Access::packs && is_aligned(e.b);  // of b pairs are loaded
  if (!whole || e.channels % Warps::kColumns != 0) return EpilogueForm::any;
  const bool biased = e.b != nullptr, normed = e.r != nullptr, differentiated = e.vjp_r != nullptr;
  if (biased == (e.gate != nullptr) || (biased ? differentiated : normed)) return EpilogueForm::any;
  if (!normed && !differentiated) return biased ? EpilogueForm::bias : EpilogueForm::gate;
  if (e.channels != Warps::kColumns) return EpilogueForm::any;
  return biased ? EpilogueForm::norm : EpilogueForm::norm_grad;
}

// v = lrelu(factor * v + bias)
template <int kN, typename T>
__device__ __forceinline__ void activate_pixel(const FpropEpilogue<T>& e, float (&v)[kN][2],
                                               const float (&bias)[kN][2], bool lrelu) {
#pragma unroll
  for (int j = 0; j < kN; ++j) {
#pragma unroll
    for (int k = 0; k < 2; ++k) {
      v[j][k] = v[j][k] * e.factor + bias[j][k];
      if (lrelu) v[j][k] = v[j][k] > 0.0f ? v[j][k] : v[j][k] * e.slope;
    }
  }
}

// v *= r, r as in pixel_norm.h. Returns r.
template <int kN>
__device__ __forceinline__ float normalize_pixel(float (&v)[kN][2], float eps) {
  float squares = 0.0f;
#pragma unroll
  for (int j = 0; j < kN; ++j) squares += v[j][0] * v[j][0] + v[j][1] * v[j][1];
  const float r = rsqrtf(quad_sum(squares) / (8 * kN) + eps);
#pragma unroll
  for (int j = 0; j < kN; ++j) {
    v[j][0] *= r;
    v[j][1] *= r;
  }
  return r;
}

// v = r * (v - y * mean of v * y), the gradient of a norm whose result is y.
template <int kN>
__device__ __forceinline__ void norm_grad_of_pixel(float (&v)[kN][2], const float (&y)[kN][2],
                                                   float r) {
  float sum = 0.0f;
#pragma unroll
  for (int j = 0; j < kN; ++j) sum += v[j][0] * y[j][0] + v[j][1] * y[j][1];
  const float mean = (0.0f + quad_sum(sum)) * (1.0f / (8 * kN));
#pragma unroll
  for (int j = 0; j < kN; ++j) {
    v[j][0] = r * (v[j][0] - y[j][0] * mean);
    v[j][1] = r * (v[j][1] - y[j][1] * mean);
  }
}

// The whole epilogue. channels: of the result. pixels: has(row) and index(row) tell whether a row
// of the warp's 16 kM is a pixel of the result, and which. They are called for rows lane / 4 + 8 i,
// without lane / 4.
template <EpilogueForm form, typename Warps, typename T, typename Pixels>
__device__ __forceinline__ void write_pixels(const FpropEpilogue<T>& e,
                                             const float (&acc)[Warps::kM][Warps::kN][4],
                                             int channels, int first_column, const Pixels& pixels) {
  constexpr int kN = Warps::kN;
  constexpr bool kBias = form == EpilogueForm::bias || form == EpilogueForm::norm;
  const int lane_column = static_cast<int>(threadIdx.x) % 4 * 2;
  const int column = first_column + lane_column;
  float bias[kN][2] = {};
#pragma unroll
  for (int j = 0; kBias && j < kN; ++j) {
    const Pack<float, 2> b = load<2>(e.b + 8 * j + column);
    bias[j][0] = b.value[0];
    bias[j][1] = b.value[1];
  }
#pragma unroll
  for (int i = 0; i < Warps::kM; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = 16 * i + 8 * half;
      const bool exists = pixels.has(row);
      const int64_t pixel = pixels.index(row);
      float v[kN][2], gate[kN][2] = {};
#pragma unroll
      for (int j = 0; j < kN; ++j) {
        v[j][0] = acc[i][j][2 * half];
        v[j][1] = acc[i][j][2 * half + 1];
        if (kBias || !exists) continue;
        const Pack<T, 2> g = load<2>(e.gate + pixel * channels + column + 8 * j);
        gate[j][0] = to_acc(g.value[0]);
        gate[j][1] = to_acc(g.value[1]);
      }
      activate_pixel(e, v, bias, kBias);
      if constexpr (form == EpilogueForm::norm) {
        const float r = normalize_pixel(v, e.norm_eps);
        if (exists && lane_column == 0) e.r[pixel] = r;
      }
      if constexpr (form == EpilogueForm::norm_grad) {
        norm_grad_of_pixel(v, gate, exists ? e.vjp_r[pixel] : 0.0f);
      }
#pragma unroll
      for (int j = 0; !kBias && j < kN; ++j) {
        if (!(gate[j][0] > 0.0f)) v[j][0] *= e.gate_slope;
        if (!(gate[j][1] > 0.0f)) v[j][1] *= e.gate_slope;
      }
      store_pixel<kN>(e.out + pixel * channels + first_column, exists, v);
    }
  }
}

// write_pixels() for a form that is known when the kernel runs. False: the form is `any`.
template <typename Warps, typename T, typename Pixels>
__device__ __forceinline__ bool write_form(EpilogueForm form, const FpropEpilogue<T>& e,
                                           const float (&acc)[Warps::kM][Warps::kN][4],
                                           int channels, int first_column, const Pixels& pixels) {
  switch (form) {
    case EpilogueForm::any:
      return false;
    case EpilogueForm::bias:
      write_pixels<EpilogueForm::bias, Warps>(e, acc, channels, first_column, pixels);
      break;
    case EpilogueForm::norm:
      write_pixels<EpilogueForm::norm, Warps>(e, acc, channels, first_column, pixels);
      break;
    case EpilogueForm::gate:
      write_pixels<EpilogueForm::gate, Warps>(e, acc, channels, first_column, pixels);
      break;
    case EpilogueForm::norm_grad:
      write_pixels<EpilogueForm::norm_grad, Warps>(e, acc, channels, first_column, pixels);
      break;
  }
  return true;
}

}  // namespace
}  // namespace pg::cuda
