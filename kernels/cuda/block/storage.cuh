// storage.cuh: element types in device memory, and the types their sums use.
//
// f64 is for gradient checks, f32 is stored and summed as f32, bf16 is stored rounded and computed
// in f32. Beside bf16, a layer's constants (bias, filter), scalars (alpha) and statistics are f32.
#pragma once

#include <cuda_bf16.h>

#include "kernels/tensor_view.h"

namespace pg {

template <>
struct DTypeOf<__nv_bfloat16> {
  static constexpr DType value = DType::bf16;
};

namespace cuda {

using bf16 = __nv_bfloat16;

// The type of arithmetic on T: double for double, float for float and bf16. Also the type of
// filters, biases, scalars and statistics beside activations of type T.
template <typename T>
struct AccOf {
  using type = float;
};
template <>
struct AccOf<double> {
  using type = double;
};
template <typename T>
using Acc = typename AccOf<T>::type;

__device__ __forceinline__ double to_acc(double x) { return x; }
__device__ __forceinline__ float to_acc(float x) { return x; }
__device__ __forceinline__ float to_acc(bf16 x) { return __bfloat162float(x); }

// Rounds to nearest even.
template <typename T>
__device__ __forceinline__ T from_acc(Acc<T> x) {
  if constexpr (sizeof(T) == 2) {
    return __float2bfloat16(x);
  } else {
    return x;
  }
}

// Calls f(TypeTag<T>) with T = double, float or bf16; throws DTypeError for any other type.
template <typename F>
decltype(auto) dispatch_storage(DType t, F&& f) {
  if (t == DType::f64) return f(TypeTag<double>{});
  if (t == DType::bf16) return f(TypeTag<bf16>{});
  PG_CHECK(t == DType::f32, DTypeError, "expected elements of type f64, f32 or bf16, got ",
           name_of(t));
  return f(TypeTag<float>{});
}

}  // namespace cuda
}  // namespace pg
