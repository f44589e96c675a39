// alternatives.h: other ways than the default ones to compute convolutions and matrix products: the
// vendor's libraries, and whatever is fastest (CudaKernels of backend.h).
#pragma once

#include <string>

#include "kernels/cuda/autotune.h"
#include "kernels/cuda/device_memory.h"
#include "kernels/cuda/vendor.h"

namespace pg::cuda {

class Alternatives {
 public:
  // kernels: vendor or fastest.
  Alternatives(Queue& queue, CudaKernels kernels);

  // Which libraries take part, or why they do not.
  std::string description() const { return vendor_.description(); }

  // True: the kernel that takes such arguments was run. False: it is left to its default launcher.
  bool run(const Conv2dArgs& args);
  bool run(const Conv2dInputGradArgs& args);
  bool run(const Conv2dWeightGradArgs& args);
  bool run(const MatmulArgs& args);
  template <typename Args>
  bool run(const Args&) {
    return false;
  }

 private:
  Queue& queue_;
  CudaKernels kernels_;
  Vendor vendor_;
  Autotuner tuner_;
  DeviceMemory trial_results_;  // for trials of what adds to its result
};

}  // namespace pg::cuda
