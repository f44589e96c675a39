// fprop_spread_tf32.cu: instances of the tensor-core convolution with pattern spread, tf32.
#include "kernels/cuda/conv/fprop/fprop_kernel.cuh"

namespace pg::cuda {

template void launch_fprop<float, TapPattern::spread>(const Queue&, const FpropParams<float>&, int);

}  // namespace pg::cuda
