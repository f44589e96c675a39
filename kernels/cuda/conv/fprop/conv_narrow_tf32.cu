// conv_narrow_tf32.cu: instances of the convolution of wide images with few channels, tf32.
#include "kernels/cuda/conv/fprop/conv_narrow_kernel.cuh"

namespace pg::cuda {

template double narrow_cost<float>(const Queue&, const NarrowShape&);
template void launch_narrow<float>(const Queue&, const ConvParams<float>&, const NarrowShape&);

}  // namespace pg::cuda
