// bugs.h: kernels with one deliberate mistake each. Every configuration of the emulator is held to
// what it must say about them (planted_bugs_test.cpp).
#pragma once

#include <string>
#include <vector>

#include "tests/simt/self/start.h"

namespace pg::simt {

// What a bug works on: y[i] = x[n - 1 - i] is the right result, x[i] = i.
struct BugBuffers {
  float* y;        // device
  const float* x;  // device
  float* host;
  int n;  // 256 floats each
};

// Said of a kernel that runs to its end: the result is not the right one.
inline constexpr const char* kWrongResult = "wrong result";
// Expected of a configuration that cannot see the bug.
inline constexpr const char* kNotSeen = "";

struct Bug {
  const char* name;
  cudaError_t (*run)(const BugBuffers&);
  std::string asan;  // regular expression for what that configuration says
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
