// op_case.h: the list of op cases, which drives every check: values compared with f64, gradients of
// both orders, and each device compared with the CPU. Both the tests and `progan_cuda gradcheck`
// read it.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "engine/ops/ops.h"

namespace pg::gradcheck {

// A function of tensors, with all other arguments (geometry, constants) bound.
struct OpCase {
  std::string name;           // unique, letters and digits
  std::vector<Shape> inputs;  // differentiable inputs
  std::function<Tensor(const std::vector<Tensor>&)> run;
  double low = -1.0, high = 1.0;  // inputs are uniform in this range
  double reduction = 1.0;         // terms in the longest sum, which scales tolerances
};

inline void PrintTo(const OpCase& c, std::ostream* out) { *out << c.name; }

// Each file of this folder adds one family to the list of all cases.
std::vector<OpCase> conv_cases();
std::vector<OpCase> matmul_cases();
std::vector<OpCase> pointwise_cases();
std::vector<OpCase> broadcast_cases();
std::vector<OpCase> reduce_cases();
std::vector<OpCase> mean_loss_cases();
std::vector<OpCase> shape_cases();
std::vector<OpCase> pixel_norm_cases();
std::vector<OpCase> stddev_cases();
std::vector<OpCase> resample_cases();
std::vector<OpCase> all_op_cases();

}  // namespace pg::gradcheck
