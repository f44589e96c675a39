// outcome.h: the results of a selftest, as its child process reports them and programs print them.
#pragma once

#include <string>
#include <vector>

#include "kernels/tensor_kernels.h"

namespace pg::selftest {

enum class Verdict { passed, failed, skipped };

struct Outcome {
  std::string group, name;
  TensorKernels
      family{};  // skipped by training if the check failed; empty: nothing can take its place
  Verdict verdict = Verdict::skipped;
  double error = 0, bound = 0;  // the largest error; 0 of 0 if the check did not end
  std::string detail{};         // of a failure, or the reason for skipping
};

struct Report {
  std::string device;         // "NVIDIA H200, compute capability 9.0, ..."
  std::vector<Outcome> list;  // in the order in which checks ran
  int64_t too_large = 0;      // checks skipped because of PROGAN_SELFTEST_WORK
  double seconds = 0;
  bool complete = false;  // false: checks after the last outcome did not run

  int64_t count(Verdict verdict) const;
  TensorKernels failed_families() const;
  // Failed checks without a replacement.
  std::vector<Outcome> failed_exact() const;
  bool passed() const { return complete && count(Verdict::failed) == 0; }
};

}  // namespace pg::selftest
