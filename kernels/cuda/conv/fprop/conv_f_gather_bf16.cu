// conv_f_gather_bf16.cu: instances of the tensor-core convolution of form gather, bf16.
#include "kernels/cuda/conv/fprop/conv_f_kernel.cuh"

namespace pg::cuda {

template void launch_conv_f<bf16, ConvForm::gather>(const Queue&, const ConvParams<bf16>&, int);

}  // namespace pg::cuda
