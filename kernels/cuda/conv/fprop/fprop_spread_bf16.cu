// fprop_spread_bf16.cu: instances of the tensor-core convolution with pattern spread, bf16.
#include "kernels/cuda/conv/fprop/fprop_kernel.cuh"

namespace pg::cuda {

template void launch_fprop<bf16, TapPattern::spread>(const Queue&, const FpropParams<bf16>&, int);

}  // namespace pg::cuda
