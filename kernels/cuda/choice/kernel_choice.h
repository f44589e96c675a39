// kernel_choice.h: runs convolutions and matrix products with kernels other than the default ones:
// the libraries, or the fastest of all candidates (CudaKernels of backend.h).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "kernels/cuda/autotune/autotune.h"
#include "kernels/cuda/choice/trials.h"
#include "kernels/cuda/vendor/library_kernels.h"

namespace pg::cuda {

class KernelChoice {
 public:
  // kernels: vendor or fastest.
  KernelChoice(Queue& queue, CudaKernels kernels);

  // The libraries in use, or why they are not.
  std::string description() const { return libraries_.description(); }

  // Runs the call. Calls that no library supports go to their launcher.
  template <HasCandidates Args>
  void run(const Args& args);

 private:
  template <typename Args>
  using Candidate = std::function<void(const Args&)>;
  template <typename Args>
  using Chosen = std::map<std::string, Candidate<Args>>;  // by the autotuner's key

  template <typename Args>
  void run_fastest(const Args& args);
  // All candidates of a call, its launcher first.
  template <typename Args>
  std::vector<Candidate<Args>> candidates(const Args& args);

  Queue& queue_;
  CudaKernels kernels_;
  LibraryKernels libraries_;
  Autotuner tuner_;
  int64_t cache_bytes_ = 0;  // of the second-level cache
  std::tuple<Chosen<Conv2dArgs>, Chosen<Conv2dInputGradArgs>, Chosen<Conv2dWeightGradArgs>,
             Chosen<MatmulArgs>>
      chosen_;
};

}  // namespace pg::cuda
