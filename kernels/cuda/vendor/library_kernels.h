// library_kernels.h: convolutions by cuDNN and matrix products by cuBLASLt, where the machine has them.
//
// A baseline, an oracle and an alternative to the project's own kernels, not a need: the libraries
// are opened when the program runs (library.h), and each function answers false for what they do
// not serve. Resampling, bias, activation and norm are the project's own launches before and
// behind, as in a framework, in place of kernels that fold them.
//
// The same bits come each time from the same plan: cuDNN engines that it calls nondeterministic are
// left out, and of cuBLASLt's ways to split a sum only those with a separate reduction in f32 are
// allowed. Which plan is taken is the autotuner's choice, or with that off each library's first.
#pragma once

#include <memory>
#include <string>

#include "kernels/cuda/autotune/autotune.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

class Vendor {
 public:
  // Looks for the libraries. What is absent is told by description().
  explicit Vendor(Queue& queue);
  ~Vendor();
  Vendor(const Vendor&) = delete;
  Vendor& operator=(const Vendor&) = delete;

  // "cuDNN 9.19.0, cuBLASLt 13.1.0", or in place of either the sentence that says why it is absent.
  std::string description() const;
  // Of what is there, without spaces: "cudnn9.19.0-cublaslt13.1.0"; "none".
  std::string versions() const;

  // As the kernels of the same names (conv.h, matmul.h). True: done (queued). False: nothing of the
  // result was written, since the library is absent or does not take this case: f64, views that
  // are not 16-byte aligned, 2^31 elements or more. bf16: filters are rounded to bf16, and so are
  // weight gradients, on their way into f32. f32: exact or tf32 as the queue's math says.
  bool conv2d(Autotuner& tuner, const Conv2dArgs& args);
  bool conv2d_input_grad(Autotuner& tuner, const Conv2dInputGradArgs& args);
  bool conv2d_weight_grad(Autotuner& tuner, const Conv2dWeightGradArgs& args);
  bool matmul(Autotuner& tuner, const MatmulArgs& args);

 private:
  struct Libraries;
  std::unique_ptr<Libraries> libraries_;
};

}  // namespace pg::cuda
