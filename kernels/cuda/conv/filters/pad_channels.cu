// pad_channels.cu: copies rows of channels (513 behind minibatch stddev, or a view into the middle
// of a tensor) to rows of whole packs.
#include "kernels/cuda/conv/filters/pad_channels.h"

#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {
namespace {

template <typename T>
__global__ void pad_channels_kernel(const T* __restrict__ x, T* __restrict__ y, int64_t numel,
                                    int64_t channels, int64_t padded) {
  ptx::follow_earlier_kernels();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < numel;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t c = i % padded;
    y[i] = c < channels ? x[i / padded * channels + c] : from_acc<T>(0.0f);
  }
}

}  // namespace

template <typename T>
void pad_channels(const Queue& queue, const T* x, T* y, int64_t pixels, int64_t channels) {
  const int64_t padded = padded_channels<T>(channels), numel = pixels * padded;
  launch(queue, pad_channels_kernel<T>, stride_grid(queue, numel), x, y, numel, channels, padded);
}

template void pad_channels(const Queue&, const bf16*, bf16*, int64_t, int64_t);
template void pad_channels(const Queue&, const float*, float*, int64_t, int64_t);

}  // namespace pg::cuda
