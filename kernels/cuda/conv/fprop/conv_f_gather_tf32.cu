// conv_f_gather_tf32.cu: instances of the tensor-core convolution of form gather, tf32.
#include "kernels/cuda/conv/fprop/conv_f_kernel.cuh"

namespace pg::cuda {

template void launch_conv_f<float, ConvForm::gather>(const Queue&, const ConvParams<float>&, int);

}  // namespace pg::cuda
