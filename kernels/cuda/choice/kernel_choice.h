// kernel_choice.h: other ways than the default ones to compute convolutions and matrix products: the
// vendor's libraries, and whatever is fastest (CudaKernels of backend.h).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "kernels/cuda/autotune/autotune.h"
#include "kernels/cuda/device/device_memory.h"
#include "kernels/cuda/vendor/library_kernels.h"

namespace pg::cuda {

class Alternatives {
 public:
  // kernels: vendor or fastest.
  Alternatives(Queue& queue, CudaKernels kernels);

  // Which libraries take part, or why they do not.
  std::string description() const { return vendor_.description(); }

  // True: the kernel that takes such arguments was run. False: it is left to its default launcher.
  bool run(const Conv2dArgs& args) { return run_kernel(args); }
  bool run(const Conv2dInputGradArgs& args) { return run_kernel(args); }
  bool run(const Conv2dWeightGradArgs& args) { return run_kernel(args); }
  bool run(const MatmulArgs& args) { return run_kernel(args); }
  template <typename Args>
  bool run(const Args&) {
    return false;
  }

 private:
  template <typename Args>
  using Way = std::function<void(const Args&)>;
  template <typename Args>
  using Chosen = std::map<std::string, Way<Args>>;  // by what the autotuner calls a case

  template <typename Args>
  bool run_kernel(const Args& args);
  template <typename Args>
  void run_fastest(const Args& args);
  // The ways to compute a case, the default launcher first.
  template <typename Args>
  std::vector<Way<Args>> ways(const Args& args);

  Queue& queue_;
  CudaKernels kernels_;
  Vendor vendor_;
  Autotuner tuner_;
  DeviceMemory trial_results_;  // of trials of what adds to its result
  std::tuple<Chosen<Conv2dArgs>, Chosen<Conv2dInputGradArgs>, Chosen<Conv2dWeightGradArgs>,
             Chosen<MatmulArgs>>
      chosen_;
};

}  // namespace pg::cuda
