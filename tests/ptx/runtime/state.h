// state.h: the one device of this CUDA runtime: its kernels, memory, streams and errors.
#pragma once

#include <cuda_runtime.h>

#include <cstdio>
#include <deque>
#include <functional>
#include <map>

#include "tests/hardware/launch_counters.h"
#include "tests/ptx/runtime/fat_binary.h"

struct CUgraph_st {
  std::vector<std::function<void()>> work;
};
struct CUgraphExec_st {
  std::vector<std::function<void()>> work;
};

namespace pg::ptx {

struct HostKernel {
  FatBinary* binary = nullptr;
  std::string name;
  const Kernel* kernel = nullptr;  // compiled on first launch
  int most_dynamic = 48 << 10;     // bytes of dynamic shared memory
  uint64_t launches = 0, instructions = 0;
  double seconds = 0;
};

// Streams run at once, in the order of the calls.
struct Stream {
  cudaGraph_t capture = nullptr;
};

// From the environment, with the values of a small Ampere GPU.
struct Profile {
  int processors, most_shared, major, minor;
  size_t memory;
};
const Profile& profile();

struct State {
  std::deque<FatBinary> binaries;
  std::map<const void*, HostKernel> kernels;  // by the address of the host's stub
  cudaError_t last = cudaSuccess;
  std::map<uint64_t, size_t> sizes;  // of live allocations
  size_t used = 0;
  Stream null_stream;
  cudaLaunchConfig_t pushed{};
  bool counts = false;  // launches add to `counted`
  hardware::CountedKernels counted;
};
State& state();  // lives until the end: destructors of static objects use it

Stream& stream_of(cudaStream_t s);

// Runs the work, or adds it to the graph that the stream captures.
template <typename F>
void enqueue(cudaStream_t stream, F work) {
  Stream& s = stream_of(stream);
  if (s.capture != nullptr) {
    s.capture->work.push_back(std::move(work));
  } else {
    work();
  }
}

// The result of f; an Error is printed and becomes the given error.
template <typename F>
cudaError_t answer(cudaError_t kind, F f) {
  try {
    const cudaError_t status = f();
    if (status != cudaSuccess) state().last = status;
    return status;
  } catch (const Error& e) {
    std::fprintf(stderr, "ptx: %s\n", e.what());
    return state().last = kind;
  }
}

}  // namespace pg::ptx
