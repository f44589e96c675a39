// values.h: the values of operands in benchmarks.
//
// Every operand repeats one long row of random numbers: the host computes any element of gigabytes
// without storing them, and a device fills its memory from one short upload.
#pragma once

#include <vector>

#include "kernels/backend.h"

namespace pg::cases {

enum class Fill : uint8_t {
  symmetric,  // uniform in [-1, 1)
  coarse,     // multiples of 1/4 in [-1, 1]: sums of their products are exact in f32, in any order
  positive,   // uniform in [0.5, 1.5)
  unit,       // uniform in [0, 1)
  bytes,      // integers 0 to 255
  bits,       // 0 or 1
  one,        // the number 1
};

// The elements of one operand, rounded to its type. Equal seeds give equal values.
class Values {
 public:
  // Primes, not divisors of any extent in a network; coarse values are the same all the sooner.
  static constexpr int64_t kPeriod = 1048573, kCoarsePeriod = 65521;

  Values(Fill fill, DType dtype, uint64_t seed);

  DType dtype() const { return dtype_; }
  double operator[](int64_t i) const {
    return (*row_)[static_cast<size_t>((i + shift_) % period_)];
  }

  // Writes elements first, first + 1, ... to all of `to`, whose type may be wider.
  void fill(Backend& backend, TensorView to, int64_t first = 0) const;

 private:
  DType dtype_;
  int64_t period_, shift_;
  const std::vector<double>* row_;
};

// Copies to the host. Waits for the device.
std::vector<double> download(Backend& backend, const ConstTensorView& from);

// Fills with bytes that are NaN in every floating-point type.
void poison(Backend& backend, TensorView to);

}  // namespace pg::cases
