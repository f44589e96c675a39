// conv_w_bf16: the tensor-core weight gradients of bf16 images.
#include "kernels/cuda/conv/wgrad/conv_w_kernel.cuh"

namespace pg::cuda {

void launch_conv_w_bf16(Queue& queue, int tile, const ConvWParams<bf16>& p, int64_t chunks,
                        int64_t smem) {
  launch_conv_w<bf16>(queue, tile, p, chunks, smem);
}

}  // namespace pg::cuda
