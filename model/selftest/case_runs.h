// case_runs.h: runs of one case by one kernel, and their comparison.
#pragma once

#include <optional>

#include "kernels/candidate.h"
#include "model/cases/check.h"
#include "model/selftest/check.h"

namespace pg::selftest {

// With Fill::coarse for all inputs that may have any value: sums are then exact in f32, in any
// order, and two kernels may differ only by the roundings after the sum.
cases::Case with_coarse_values(cases::Case c);

// The candidates of the case's call on this backend; their run() may not be called.
std::vector<Candidate> candidates_of(Backend& backend, const cases::Case& c);

// The case's result by its kernel, or by one of candidates_of, compared with sums on the host or
// with the CPU's direct loops.
Deviation compare_with_host(Backend& backend, const cases::Case& c, double tolerance,
                            std::optional<size_t> candidate = std::nullopt);

// One case on a GPU with its exact result, to be compared with those of several candidates.
class Comparison {
 public:
  // Compares up to `elements` elements of each result.
  Comparison(Backend& tensor, Backend& exact, const cases::Case& c, int64_t elements);

  const std::string& name() const { return case_.name; }
  // The result of a candidate. f32 results may differ by a few roundings, others by those of bf16.
  Deviation of(size_t candidate);

 private:
  Backend& tensor_;
  cases::Case case_;
  int64_t elements_;
  cases::Operands got_;
  std::vector<std::vector<double>> want_;  // empty for inputs
};

// Multiply-adds of a case, or its elements.
double work_of(const cases::Case& c);

}  // namespace pg::selftest
