// unimplemented: kernels that have no CUDA launcher yet.
#include "kernels/cuda/launchers.h"

namespace pg::cuda {

#define PG_MISSING(kernel, Args) \
  void kernel(Queue&, const Args&) { PG_ASSERT(!"not implemented: " #kernel); }
PG_MISSING(reduce_sum, ReduceSumArgs)
PG_MISSING(grad_check, GradCheckArgs)
PG_MISSING(minibatch_stddev, MinibatchStddevArgs)
PG_MISSING(minibatch_stddev_vjp, MinibatchStddevVjpArgs)
PG_MISSING(minibatch_stddev_vjp2, MinibatchStddevVjp2Args)
PG_MISSING(adam, AdamArgs)
PG_MISSING(images_to_float, ImagesToFloatArgs)
PG_MISSING(philox_normal, PhiloxArgs)
PG_MISSING(philox_uniform, PhiloxArgs)

}  // namespace pg::cuda
