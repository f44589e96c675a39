// stddev_cases.cpp: minibatch standard deviation in every grouping.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {

std::vector<OpCase> stddev_cases() {
  std::vector<OpCase> cases;
  const auto stddev = [&](const char* name, Shape x, MinibatchStddevGeometry g) {
    cases.push_back({.name = std::string("MinibatchStddev") + name,
                     .inputs = {x},
                     .run = [g](const auto& in) { return ops::minibatch_stddev(in[0], g); },
                     .reduction = static_cast<double>(x.numel() / x.n * g.group)});
  };
  using enum GroupOrder;
  using enum Variance;
  const double eps = 1e-4;
  stddev("Official", {8, 3, 2, 5}, {4, 1, strided, biased, eps});
  stddev("TwoMinibatches", {8, 2, 2, 3}, {4, 2, strided, biased, eps});
  stddev("TwoMinibatchesOfTwoGroups", {16, 2, 2, 3}, {4, 2, strided, biased, eps});
  stddev("Contiguous", {8, 2, 2, 5}, {4, 1, contiguous, unbiased, eps});
  stddev("WholeBatch", {6, 2, 2, 3}, {6, 1, strided, biased, eps});
  stddev("WholeBatchUnbiased", {3, 2, 2, 3}, {3, 1, strided, unbiased, eps});
  return cases;
}

}  // namespace pg::gradcheck
