// wgrad_tf32.cu: the tensor-core weight gradients of f32 images.
#include "kernels/cuda/conv/wgrad/wgrad_kernel.cuh"

namespace pg::cuda {

void launch_wgrad_tf32(Queue& queue, int tile, const WgradParams<float>& p, int64_t chunks,
                       int64_t smem) {
  launch_wgrad<float>(queue, tile, p, chunks, smem);
}

}  // namespace pg::cuda
