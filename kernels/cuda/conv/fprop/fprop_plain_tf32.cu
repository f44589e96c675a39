// fprop_plain_tf32.cu: instances of the tensor-core convolution with pattern plain, tf32.
#include "kernels/cuda/conv/fprop/fprop_kernel.cuh"

namespace pg::cuda {

template void launch_fprop<float, TapPattern::plain>(const Queue&, const FpropParams<float>&, int);

}  // namespace pg::cuda
