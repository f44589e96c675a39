// op_case.h: one list of op cases that drives every check: values against f64, gradients, gradients
// of gradients, and (for a device) that device against the CPU.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "engine/ops/ops.h"

namespace pg::gradcheck {

// A function of some tensors, with everything else (geometry, constants) bound.
struct OpCase {
  std::string name;           // unique, letters and digits
  std::vector<Shape> inputs;  // differentiable inputs
  std::function<Tensor(const std::vector<Tensor>&)> run;
  double low = -1.0, high = 1.0;  // inputs are uniform in this range
  double reduction = 1.0;         // number of terms in the longest sum: scales tolerances
};

inline void PrintTo(const OpCase& c, std::ostream* out) { *out << c.name; }

// All cases; each file of this folder adds its family.
std::vector<OpCase> conv_cases();
std::vector<OpCase> matmul_cases();
std::vector<OpCase> pointwise_cases();
std::vector<OpCase> broadcast_cases();
std::vector<OpCase> reduce_cases();
std::vector<OpCase> shape_cases();
std::vector<OpCase> pixel_norm_cases();
std::vector<OpCase> stddev_cases();
std::vector<OpCase> resample_cases();
std::vector<OpCase> all_op_cases();

}  // namespace pg::gradcheck
