// start.h: launches for the emulator's own tests, which use no code of kernels/cuda except ptx.cuh.
#pragma once

#include <cuda_runtime.h>

namespace pg::simt {

struct StartShape {
  dim3 grid = {}, block = {};
  size_t smem = 0;
  cudaStream_t stream = nullptr;
};

template <typename... Params, typename... Args>
cudaError_t start(const StartShape& shape, void (*kernel)(Params...), Args... args) {
  const cudaLaunchConfig_t config{.gridDim = shape.grid,
                                  .blockDim = shape.block,
                                  .dynamicSmemBytes = shape.smem,
                                  .stream = shape.stream};
  return cudaLaunchKernelEx(&config, kernel, static_cast<Params>(args)...);
}

}  // namespace pg::simt
