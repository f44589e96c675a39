// start.h: launches for the emulator's own tests, which use no code of kernels/cuda except ptx.cuh.
#pragma once

#include <cuda_runtime.h>

namespace pg::simt {

struct StartShape {
  dim3 grid = {}, block = {};
  size_t smem = 0;
  cudaStream_t stream = nullptr;
  bool overlaps = false;  // may start before the kernel ahead of it has ended
};

template <typename... Params, typename... Args>
cudaError_t start(const StartShape& shape, void (*kernel)(Params...), Args... args) {
  cudaLaunchAttribute overlap{.id = cudaLaunchAttributeProgrammaticStreamSerialization,
                              .val = {.programmaticStreamSerializationAllowed = 1}};
  const cudaLaunchConfig_t config{.gridDim = shape.grid,
                                  .blockDim = shape.block,
                                  .dynamicSmemBytes = shape.smem,
                                  .stream = shape.stream,
                                  .attrs = &overlap,
                                  .numAttrs = shape.overlaps ? 1u : 0u};
  return cudaLaunchKernelEx(&config, kernel, static_cast<Params>(args)...);
}

}  // namespace pg::simt
