// divider.cuh: division by a number fixed at launch, as a multiplication and a shift.
//
// Granlund and Montgomery, "Division by invariant integers using multiplication" (1994): with
// 2^shift the first power of two not below d and factor = floor(2^32 (2^shift - d) / d) + 1, the
// quotient n / d is (floor(n factor / 2^32) + n) >> shift; the sum fits 32 bits for n < 2^31.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/error.h"

namespace pg::cuda {

// A count that fits an index below 2^31. Throws ShapeError for a tensor with more elements.
inline uint32_t small_count(int64_t count) {
  PG_CHECK(count < int64_t{1} << 31, ShapeError, "tensor of ", count,
           " elements: expected fewer than 2^31, choose a smaller batch");
  return static_cast<uint32_t>(count);
}

class Divider {
 public:
  Divider() : Divider(1) {}
  explicit Divider(int64_t divisor) : divisor_(small_count(divisor)) {
    while (uint64_t{1} << shift_ < divisor_) ++shift_;
    const uint64_t above = (uint64_t{1} << shift_) - divisor_;
    factor_ = static_cast<uint32_t>((above << 32) / divisor_ + 1);
  }

  // n < 2^31.
  __device__ __forceinline__ uint32_t quotient(uint32_t n) const {
    return (__umulhi(n, factor_) + n) >> shift_;
  }
  // Replaces n by the quotient and returns the remainder.
  __device__ __forceinline__ uint32_t split(uint32_t& n) const {
    const uint32_t q = quotient(n), rest = n - q * divisor_;
    n = q;
    return rest;
  }
  __host__ __device__ uint32_t divisor() const { return divisor_; }

 private:
  uint32_t divisor_, factor_ = 0, shift_ = 0;
};

}  // namespace pg::cuda
