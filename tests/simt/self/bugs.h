// bugs.h: kernels with one deliberate mistake each, and the reports expected from each
// configuration of the emulator (planted_bugs_test.cpp).
#pragma once

#include <string>
#include <vector>

#include "tests/simt/self/start.h"

namespace pg::simt {

// The operands of a bug: y[i] = x[n - 1 - i] is the correct result, x[i] = i.
struct BugBuffers {
  float* y;        // device
  const float* x;  // device
  float* host;
  int n;  // 256 floats each
};

// The report of a kernel that ends normally with an incorrect result.
inline constexpr const char* kWrongResult = "wrong result";
// Expected from a configuration that cannot detect the bug.
inline constexpr const char* kNotSeen = "";

struct Bug {
  const char* name;
  cudaError_t (*run)(const BugBuffers&);
  std::string asan;  // regular expression for the report of that configuration
  std::string race;
};

std::vector<Bug> memory_bugs();
std::vector<Bug> order_bugs();
std::vector<Bug> copy_bugs();
std::vector<Bug> host_bugs();

using BugKernel = void (*)(float* y, const float* x, int n);

template <BugKernel kKernel, int kThreads = 256, size_t kSmem = 0, int kBlocks = 1>
cudaError_t run_bug(const BugBuffers& b) {
  return start({.grid = dim3(kBlocks), .block = dim3(kThreads), .smem = kSmem}, kKernel, b.y, b.x,
               b.n);
}

}  // namespace pg::simt
