// wgrad_bf16.cu: the tensor-core weight gradients of bf16 images.
#include "kernels/cuda/conv/wgrad/wgrad_kernel.cuh"

namespace pg::cuda {

void launch_wgrad_bf16(Queue& queue, int tile, const WgradParams<bf16>& p, int64_t chunks,
                       int64_t smem) {
  launch_wgrad<bf16>(queue, tile, p, chunks, smem);
}

}  // namespace pg::cuda
