// unimplemented: kernels that have no CUDA launcher yet.
#include "kernels/cuda/launchers.h"

namespace pg::cuda {

#define PG_MISSING(kernel, Args) \
  void kernel(Queue&, const Args&) { PG_ASSERT(!"not implemented: " #kernel); }
PG_MISSING(conv2d_weight_grad, Conv2dWeightGradArgs)
PG_MISSING(matmul, MatmulArgs)

}  // namespace pg::cuda
