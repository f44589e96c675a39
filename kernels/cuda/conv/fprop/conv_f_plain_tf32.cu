// conv_f_plain_tf32.cu: instances of the tensor-core convolution of form plain, tf32.
#include "kernels/cuda/conv/fprop/conv_f_kernel.cuh"

namespace pg::cuda {

template void launch_conv_f<float, ConvForm::plain>(const Queue&, const ConvParams<float>&, int);

}  // namespace pg::cuda
