// cuda_runtime.h: replaces CUDA's header when g++ compiles .cu files to run on the CPU.
//
// A __shared__ variable is a static that the emulator finds and refills for each block; not
// thread_local, since AddressSanitizer adds no redzones around those.
#pragma once

#include "tests/simt/device/atomics.h"
#include "tests/simt/device/intrinsics.h"
#include "tests/simt/device/vector_types.h"
#include "tests/simt/device/warp.h"
#include "tests/simt/host/api.h"
#include "tests/simt/host/launch.h"

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)
#define CUDART_INF_F __builtin_inff()
