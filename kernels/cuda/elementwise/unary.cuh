// unary.cuh: functions that several kernels apply to single numbers.
#pragma once

#include <cmath>

namespace pg::cuda {

template <typename A>
__device__ __forceinline__ A softplus(A v) {
  return (v > A{0} ? v : A{0}) + std::log1p(std::exp(-std::abs(v)));
}

template <typename A>
__device__ __forceinline__ A sigmoid(A v) {
  const A e = std::exp(-std::abs(v));  // never overflows
  return (v >= A{0} ? A{1} : e) / (A{1} + e);
}

}  // namespace pg::cuda
