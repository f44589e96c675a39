// explain.h: errors of the CUDA runtime in plain words.
#pragma once

#include <cuda_runtime.h>

#include <string>

namespace pg::cuda {

struct Explanation {
  std::string happened;  // "a kernel used memory outside of its buffers (cudaErrorIllegalAddress)"
  std::string advice;    // what to do
  bool fatal = false;    // every later call of this process fails as well
};

// kernel: the one that failed, in place of "a kernel"; empty if it is unknown.
Explanation explain(cudaError_t error, const std::string& kernel = "");

// A mangled name as a reader of the sources knows it: without return type, parameters and
// namespaces, and bf16 for the type: "fprop_kernel<bf16, FpropTile<64, 64, 2, 2, 4, 4, 30>>".
std::string readable_kernel(const char* mangled);

}  // namespace pg::cuda
