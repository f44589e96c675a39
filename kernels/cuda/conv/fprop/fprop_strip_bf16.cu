// fprop_strip_bf16.cu: instances of the convolution of wide images with few channels, bf16.
#include "kernels/cuda/conv/fprop/fprop_strip_kernel.cuh"

namespace pg::cuda {

template double strip_time<bf16>(const Queue&, const StripShape&);
template void launch_strip<bf16>(const Queue&, const FpropParams<bf16>&, const StripShape&);

}  // namespace pg::cuda
