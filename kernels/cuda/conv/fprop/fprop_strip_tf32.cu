// fprop_strip_tf32.cu: instances of the convolution of wide images with few channels, tf32.
#include "kernels/cuda/conv/fprop/fprop_strip_kernel.cuh"

namespace pg::cuda {

template double strip_time<float>(const Queue&, const StripShape&);
template void launch_strip<float>(const Queue&, const FpropParams<float>&, const StripShape&);

}  // namespace pg::cuda
