// fprop_plain_bf16.cu: instances of the tensor-core convolution with pattern plain, bf16.
#include "kernels/cuda/conv/fprop/fprop_kernel.cuh"

namespace pg::cuda {

template void launch_fprop<bf16, TapPattern::plain>(const Queue&, const FpropParams<bf16>&, int);

}  // namespace pg::cuda
