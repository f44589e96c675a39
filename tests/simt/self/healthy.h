// healthy.h: correct kernels with known results, for which the emulator must report nothing.
// Pointers are to device memory.
#pragma once

#include <cuda_bf16.h>

#include "tests/simt/self/start.h"

namespace pg::simt {

// c[16][8] = a[16][depth] b[depth][8] by one mma; fragments filled element by element.
cudaError_t multiply_bf16(float* c, const __nv_bfloat16* a, const __nv_bfloat16* b);  // depth 16
cudaError_t multiply_tf32(float* c, const float* a, const float* b);                  // depth 8

// The same bf16 product with fragments loaded by cp.async and ldmatrix.
cudaError_t multiply_bf16_from_shared(float* c, const __nv_bfloat16* a, const __nv_bfloat16* b);

// r[load][lane][i] of x4, x4 transposed and x2 transposed (i < 2), each from m[4][8][8].
cudaError_t load_matrices(uint32_t* r, const uint16_t* m);

// y[k][16] = the first k bytes of x, then zeros, for k = 0 .. 16.
cudaError_t copy_with_zeros(unsigned char* y, const unsigned char* x);

// Double buffering with cp.async: y[i] = x[i] + x[255 - i] in each of `rows` rows of 256.
cudaError_t add_mirrored(float* y, const float* x, int rows);

// y[0] = the sum of blocks * 256 values; the last block to finish adds the partial sums of all.
// `partial` has `blocks` elements, *done is 0 before and after.
cudaError_t sum_in_last_block(float* y, float* partial, unsigned* done, const float* x, int blocks);

// The results of collectives on v = rank % 17, for each of 96 threads.
struct Seen {
  float block_sum, warp_sum;     // by CUB, distributed through shared memory
  float warp_max, quad_sum;      // by shuffles, of 32 and 4 lanes
  float above, at;               // shuffled from lane - 1 of 8, and from lane 5
  unsigned odd, sum, low_count;  // ballot, __reduce_add_sync, __syncthreads_count
};
cudaError_t look_around(Seen* seen);

// y[i] += a x[i]
cudaError_t axpy(float* y, const float* x, float a, int n, cudaStream_t stream);

// y[0] = the last element of `bytes` of dynamic shared memory, written before.
cudaError_t fill_shared(float* y, size_t bytes);

// Ends in __trap().
cudaError_t trap();

}  // namespace pg::simt
