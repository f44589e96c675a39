// counted.h: kernels with known numbers of sectors, bank conflicts and instructions, of one warp.
// Pointers are to device memory.
#pragma once

#include "tests/simt/self/start.h"

namespace pg::simt {

// y[i] = x[i * stride + offset], i < 32
cudaError_t copy_strided(float* y, const float* x, int stride, int offset);

// y[i] = x[i] for 32 packs of 16 bytes.
cudaError_t copy_packs(float4* y, const float4* x);

// y[i] = x[i] for any number of elements, 32 at a time.
cudaError_t copy_some(float* y, const float* x, int count);

// Through shared memory, at places `stride` <= 32 elements apart.
cudaError_t exchange_floats(float* y, const float* x, int stride);
cudaError_t exchange_doubles(double* y, const double* x, int stride);
cudaError_t exchange_packs(float4* y, const float4* x, int stride);

// cp.async of 16 bytes a lane to places `pitch` <= 128 bytes apart, ldmatrix of the same places, a
// barrier, one mma.
cudaError_t multiply_tile(float* y, const uint4* x, int pitch);

}  // namespace pg::simt
