// launch.cuh: kernel launches through the C++ API, which nvcc and the emulator both support.
#pragma once

#include <algorithm>

#include "kernels/cuda/device/queue.h"
#include "kernels/math.h"

namespace pg::cuda {

struct LaunchShape {
  dim3 grid = {}, block = {};
  int64_t smem = 0;  // dynamic shared memory, bytes
};

inline PlannedLaunch planned(const void* kernel, const LaunchShape& shape) {
  const dim3 &grid = shape.grid, &block = shape.block;
  return {.kernel = kernel,
          .grid = {grid.x, grid.y, grid.z},
          .threads = int64_t{block.x} * block.y * block.z,
          .smem = shape.smem};
}

// Queues kernel<<<grid, block, smem>>>(args...), which ptx::follow_earlier_kernels() lets start
// before the kernel ahead of it has ended; a queue that only measures passes it to its listener
// instead. Throws DeviceError; if the queue checks launches, with the error of this kernel.
template <typename... Params, typename... Args>
void launch(const Queue& queue, void (*kernel)(Params...), const LaunchShape& shape, Args... args) {
  const auto* const identity = reinterpret_cast<const void*>(kernel);
  if (queue.measures()) return queue.plan(planned(identity, shape));
  if (queue.checks_launches()) queue.begin_launch(identity);
  constexpr int64_t kAlwaysAllowed = 48 << 10;
  if (shape.smem > kAlwaysAllowed) queue.raise_smem_limit(identity);
  cudaLaunchConfig_t config{};
  config.gridDim = shape.grid;
  config.blockDim = shape.block;
  config.dynamicSmemBytes = static_cast<size_t>(shape.smem);
  config.stream = queue.stream();
  cudaLaunchAttribute overlap{};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  if (queue.overlaps_kernels()) {
    config.attrs = &overlap;
    config.numAttrs = 1;
  }
  const cudaError_t status = cudaLaunchKernelEx(&config, kernel, static_cast<Params>(args)...);
  if (status != cudaSuccess || queue.checks_launches()) queue.end_launch(identity, status);
}

// A one-dimensional grid for a grid-stride loop over `items`: enough blocks to fill the device, but
// no more than `items` need.
inline LaunchShape stride_grid(const Queue& queue, int64_t items, int block = 256) {
  constexpr int64_t kBlocksPerProcessor = 8;
  const int64_t most = queue.processors() * kBlocksPerProcessor;
  const int64_t blocks = std::max<int64_t>(1, std::min(most, ceil_div(items, block)));
  return {.grid = dim3(static_cast<unsigned>(blocks)), .block = dim3(static_cast<unsigned>(block))};
}

}  // namespace pg::cuda
