// fast.h: the f32 convolutions and matrix products that have a faster form than direct loops.
#pragma once

#include <memory>

#include "kernels/conv.h"
#include "kernels/matmul.h"

namespace pg::cpu {

// Each method computes what the contract says and returns true, or returns false having written
// nothing when it does not serve the shape or dtype; the caller then runs the direct loops.
class FastPath {
 public:
  explicit FastPath(int threads);
  ~FastPath();
  bool conv2d(const Conv2dArgs&);                        // y
  bool conv2d_input_grad(const Conv2dInputGradArgs&);    // dx
  bool conv2d_weight_grad(const Conv2dWeightGradArgs&);  // dw
  bool matmul(const MatmulArgs&);                        // y

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pg::cpu
