// values.h: the numbers that benchmarks compute with.
//
// Every operand repeats one long row of random numbers, so any element of gigabytes is known on the
// host without storing them, and a device fills its memory from one short upload.
#pragma once

#include <vector>

#include "kernels/backend.h"

namespace pg::bench {

enum class Fill : uint8_t {
  symmetric,  // uniform in [-1, 1)
  positive,   // uniform in [0.5, 1.5)
  unit,       // uniform in [0, 1)
  bytes,      // integers 0 to 255
  bits,       // 0 or 1
  one,        // the number 1
};

// The elements of one operand, as its type holds them. Equal seeds give equal numbers.
class Values {
 public:
  static constexpr int64_t kPeriod = 1048573;  // a prime: no extent of a network divides it

  Values(Fill fill, DType dtype, uint64_t seed);

  DType dtype() const { return dtype_; }
  double operator[](int64_t i) const {
    return (*row_)[static_cast<size_t>((i + shift_) % kPeriod)];
  }

  // Elements first, first + 1, ... into all of `to`, whose type may be a wider one.
  void fill(Backend& backend, TensorView to, int64_t first = 0) const;

 private:
  DType dtype_;
  int64_t shift_;
  const std::vector<double>* row_;
};

// Host copy of any numbers. Waits for the device.
std::vector<double> download(Backend& backend, const ConstTensorView& from);

// The bytes that make every floating-point type NaN.
void poison(Backend& backend, TensorView to);

}  // namespace pg::bench
