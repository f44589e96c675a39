// child.h: the checks of a selftest as they run in a child process, and the lines it reports.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/tensor_kernels.h"

namespace pg::selftest {

enum class Extent { full, quick };

struct ChildJob {
  std::string device = "auto";
  Extent extent = Extent::full;
  int64_t first = 0;                   // index of the first check that runs
  TensorKernels left_out{};            // families that have failed
  std::vector<std::string> without{};  // groups that are skipped
};

// Runs the checks and reports each by `line`, without line ends, as JSON:
//   {"device": "...", "checks": 321, "too_large": 0}
//   {"start": 0, "group": "...", "name": "...", "family": "fprop bf16"}
//   {"end": 0, "verdict": "passed", "error": 1e-7, "bound": 1e-5, "detail": ""}
//   {"done": true}
// After a DeviceError, which ends what a process can do on a GPU, it returns after the "end".
void run_child(const ChildJob& job, const std::function<void(const std::string&)>& line);

// The work of the largest checks that run, from PROGAN_SELFTEST_WORK: for emulated GPUs.
double most_work();

}  // namespace pg::selftest
