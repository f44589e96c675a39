// candidate.h: one of several kernels that compute the same call.
#pragma once

#include <functional>
#include <string>

#include "kernels/tensor_kernels.h"

namespace pg {

struct Candidate {
  std::string name;      // "fprop bf16, 128x64", as a user reports it
  TensorKernels family;  // the one that it belongs to
  std::function<void()> run;
};

}  // namespace pg
