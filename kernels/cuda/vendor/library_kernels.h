// library_kernels.h: convolutions by cuDNN and matrix products by cuBLASLt, if they are installed.
//
// A baseline, an oracle and a candidate beside the project's own kernels. Nothing requires them:
// the libraries are opened at run time (shared_library.h). Resampling, bias, activation and norm
// are the project's own launches before and after, as in a framework.
//
// A plan always gives the same bits: cuDNN engines marked nondeterministic are skipped, and of
// cuBLASLt's ways to split a sum only separate reductions in f32 are allowed. The autotuner chooses
// the plan; without it each library's first plan is used.
#pragma once

#include <memory>
#include <string>

#include "kernels/cuda/autotune/autotune.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

class LibraryKernels {
 public:
  // Opens the libraries; description() gives the reason if one is missing.
  explicit LibraryKernels(Queue& queue);
  ~LibraryKernels();
  LibraryKernels(const LibraryKernels&) = delete;
  LibraryKernels& operator=(const LibraryKernels&) = delete;

  // "cuDNN 9.19.0, cuBLASLt 13.1.0", or in place of either the reason why it is not in use.
  std::string description() const;
  // The versions in use, without spaces: "cudnn9.19.0-cublaslt13.1.0"; "none".
  std::string versions() const;

  // Whether a library computes the call. Not supported: f64, views that are not 16-byte aligned,
  // 2^31 elements or more. The first call of a kind runs each plan once on its own operands (but
  // adds nothing to its result) and drops those that fail, unless a graph is being captured.
  bool supports(const Conv2dArgs& args);
  bool supports(const Conv2dInputGradArgs& args);
  bool supports(const Conv2dWeightGradArgs& args);
  bool supports(const MatmulArgs& args);

  // As the kernels of these arguments (conv.h, matmul.h), for supported calls. bf16: filters are
  // rounded to bf16, and weight gradients too before they become f32. f32: exact or tf32, by the
  // queue's math. Throws DeviceError.
  void run(Autotuner& tuner, const Conv2dArgs& args);
  void run(Autotuner& tuner, const Conv2dInputGradArgs& args);
  void run(Autotuner& tuner, const Conv2dWeightGradArgs& args);
  void run(Autotuner& tuner, const MatmulArgs& args);

 private:
  struct Libraries;
  std::unique_ptr<Libraries> libraries_;
};

}  // namespace pg::cuda
