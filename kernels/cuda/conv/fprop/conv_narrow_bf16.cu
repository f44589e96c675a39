// conv_narrow_bf16.cu: instances of the convolution of wide images with few channels, bf16.
#include "kernels/cuda/conv/fprop/conv_narrow_kernel.cuh"

namespace pg::cuda {

template double narrow_cost<bf16>(const Queue&, const NarrowShape&);
template void launch_narrow<bf16>(const Queue&, const ConvParams<bf16>&, const NarrowShape&);

}  // namespace pg::cuda
