// conv_w_tf32: the tensor-core weight gradients of f32 images.
#include "kernels/cuda/conv/wgrad/conv_w_kernel.cuh"

namespace pg::cuda {

void launch_conv_w_tf32(Queue& queue, int tile, const ConvWParams<float>& p, int64_t chunks,
                        int64_t smem) {
  launch_conv_w<float>(queue, tile, p, chunks, smem);
}

}  // namespace pg::cuda
