// pack.cuh: neighbouring elements that move between memory and registers together.
//
// The length of a pack depends on shapes only. If a view does not start at a multiple of 16 bytes,
// the elements of its packs move one by one, so the order of sums never depends on addresses.
#pragma once

#include "kernels/cuda/block/storage.cuh"
#include "kernels/math.h"

namespace pg::cuda {

// Packs of an odd number of elements need no alignment.
template <typename T, int N>
struct alignas(N % 2 != 0           ? sizeof(T)
               : N * sizeof(T) < 16 ? N * sizeof(T)
                                    : 16) Pack {
  T value[N];
};

// Elements in 16 bytes, the most one thread moves at once.
template <typename T>
inline constexpr int kPack = 16 / static_cast<int>(sizeof(T));

// How memory is accessed: in packs, which must be aligned, or element by element.
enum class Access : uint8_t { packs, elements };
__host__ __device__ inline Access access_if(bool packs) {
  return packs ? Access::packs : Access::elements;
}

template <int N, typename T>
__device__ __forceinline__ Pack<T, N> load(const T* p) {
  return *reinterpret_cast<const Pack<T, N>*>(p);
}
template <int N, typename T>
__device__ __forceinline__ void store(T* p, const Pack<T, N>& v) {
  *reinterpret_cast<Pack<T, N>*>(p) = v;
}

// The same for addresses that may be unaligned.
template <int N, typename T>
__device__ __forceinline__ Pack<T, N> load(const T* p, Access access) {
  if (access == Access::packs) return load<N>(p);
  Pack<T, N> v;
#pragma unroll
  for (int j = 0; j < N; ++j) v.value[j] = p[j];
  return v;
}
template <int N, typename T>
__device__ __forceinline__ void store(T* p, const Pack<T, N>& v, Access access) {
  if (access == Access::packs) return store(p, v);
#pragma unroll
  for (int j = 0; j < N; ++j) p[j] = v.value[j];
}

// f64 to f32, with the last bit set if anything was cut off: rounding the result again to fewer
// bits is then the same as rounding once.
__device__ __forceinline__ float round_to_odd(double x) {
  const float f = static_cast<float>(x);
  const double back = f;
  if (!(back < x || back > x)) return f;  // exact, or NaN
  unsigned bits = __float_as_uint(f);
  if (fabs(back) > fabs(x)) bits -= 1;
  return __uint_as_float(bits | 1u);
}

// x as T, rounded once, to nearest even.
template <typename T>
__device__ __forceinline__ T from_double(double x) {
  if constexpr (sizeof(T) == 2) {
    return __float2bfloat16(round_to_odd(x));
  } else {
    return static_cast<T>(x);
  }
}

}  // namespace pg::cuda
