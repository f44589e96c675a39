// healthy_tensor.cu: tensor-core instructions, their loads, and cp.async.
#include "kernels/cuda/block/ptx.cuh"
#include "tests/simt/self/healthy.h"

namespace pg::simt {
namespace {

namespace ptx = cuda::ptx;

__device__ uint32_t packed(__nv_bfloat16 low, __nv_bfloat16 high) {
  return static_cast<uint32_t>(__bfloat16_as_ushort(low)) |
         static_cast<uint32_t>(__bfloat16_as_ushort(high)) << 16;
}

__device__ void store_c(float* c, const float (&d)[4], int group, int t) {
  for (int i = 0; i < 4; ++i) c[(i < 2 ? group : group + 8) * 8 + t * 2 + (i & 1)] = d[i];
}

// Rows and columns below follow the tables of the PTX ISA.
__global__ void multiply_bf16_kernel(float* c, const __nv_bfloat16* a, const __nv_bfloat16* b) {
  const int group = threadIdx.x >> 2, t = threadIdx.x & 3;
  uint32_t a_fragment[4], b_fragment[2];
  for (int i = 0; i < 8; i += 2) {
    const int row = (i < 2 || (i >= 4 && i < 6)) ? group : group + 8;
    const int column = i < 4 ? t * 2 : t * 2 + 8;
    a_fragment[i / 2] = packed(a[row * 16 + column], a[row * 16 + column + 1]);
  }
  for (int i = 0; i < 4; i += 2) {
    const int row = i < 2 ? t * 2 : t * 2 + 8;
    b_fragment[i / 2] = packed(b[row * 8 + group], b[(row + 1) * 8 + group]);
  }
  float d[4] = {0, 0, 0, 0};
  ptx::mma_bf16(d, a_fragment, b_fragment);
  store_c(c, d, group, t);
}

__global__ void multiply_tf32_kernel(float* c, const float* a, const float* b) {
  const int group = threadIdx.x >> 2, t = threadIdx.x & 3;
  uint32_t a_fragment[4], b_fragment[2];
  for (int i = 0; i < 4; ++i) {
    const int row = (i == 0 || i == 2) ? group : group + 8;
    const int column = i < 2 ? t : t + 4;
    a_fragment[i] = __float_as_uint(ptx::round_to_tf32(a[row * 8 + column]));
  }
  for (int i = 0; i < 2; ++i) {
    const int row = i == 0 ? t : t + 4;
    b_fragment[i] = __float_as_uint(ptx::round_to_tf32(b[row * 8 + group]));
  }
  float d[4] = {0, 0, 0, 0};
  ptx::mma_tf32(d, a_fragment, b_fragment);
  store_c(c, d, group, t);
}

__global__ void multiply_bf16_from_shared_kernel(float* c, const __nv_bfloat16* a,
                                                 const __nv_bfloat16* b) {
  alignas(16) __shared__ __nv_bfloat16 a_tile[16][16];
  alignas(16) __shared__ __nv_bfloat16 b_tile[16][8];
  const int lane = threadIdx.x;
  ptx::cp_async_16(&a_tile[lane / 2][lane % 2 * 8], a + lane * 8, 16);
  if (lane < 16) ptx::cp_async_16(&b_tile[lane][0], b + lane * 8, 16);
  ptx::cp_async_commit();
  ptx::cp_async_wait<0>();
  __syncwarp();
  uint32_t a_fragment[4], b_fragment[2];
  ptx::ldmatrix_x4(a_fragment, &a_tile[lane % 16][lane / 16 * 8]);
  ptx::ldmatrix_x2_trans(b_fragment, &b_tile[lane % 16][0]);
  float d[4] = {0, 0, 0, 0};
  ptx::mma_bf16(d, a_fragment, b_fragment);
  store_c(c, d, lane >> 2, lane & 3);
}

__global__ void load_matrices_kernel(uint32_t* r, const uint16_t* m) {
  alignas(16) __shared__ uint16_t s[4][8][8];
  const int lane = threadIdx.x;
  for (int i = 0; i < 8; ++i) s[lane / 8][lane % 8][i] = m[lane * 8 + i];
  __syncwarp();
  uint32_t plain[4], transposed[4], two[2];
  const uint16_t* const row = &s[lane / 8][lane % 8][0];
  ptx::ldmatrix_x4(plain, row);
  ptx::ldmatrix_x4_trans(transposed, row);
  ptx::ldmatrix_x2_trans(two, row);
  for (int i = 0; i < 4; ++i) {
    r[lane * 4 + i] = plain[i];
    r[(32 + lane) * 4 + i] = transposed[i];
    r[(64 + lane) * 4 + i] = i < 2 ? two[i] : 0;
  }
}

__global__ void copy_with_zeros_kernel(unsigned char* y, const unsigned char* x) {
  alignas(16) __shared__ unsigned char s[17][16];
  const int k = threadIdx.x;
  ptx::cp_async_16(s[k], x, k);
  ptx::cp_async_commit();
  ptx::cp_async_wait<0>();
  for (int i = 0; i < 16; ++i) y[k * 16 + i] = s[k][i];
}

__global__ void add_mirrored_kernel(float* y, const float* x, int rows) {
  alignas(16) __shared__ float buffer[2][256];
  const int t = threadIdx.x;
  const auto fetch = [&](int row) {
    if (row < rows && t < 64) ptx::cp_async_16(&buffer[row % 2][t * 4], x + row * 256 + t * 4, 16);
    ptx::cp_async_commit();
  };
  fetch(0);
  for (int row = 0; row < rows; ++row) {
    fetch(row + 1);
    ptx::cp_async_wait<1>();
    __syncthreads();
    y[row * 256 + t] = buffer[row % 2][t] + buffer[row % 2][255 - t];
    __syncthreads();
  }
}

}  // namespace

cudaError_t multiply_bf16(float* c, const __nv_bfloat16* a, const __nv_bfloat16* b) {
  return start({.grid = dim3(1), .block = dim3(32)}, multiply_bf16_kernel, c, a, b);
}

cudaError_t multiply_tf32(float* c, const float* a, const float* b) {
  return start({.grid = dim3(1), .block = dim3(32)}, multiply_tf32_kernel, c, a, b);
}

cudaError_t multiply_bf16_from_shared(float* c, const __nv_bfloat16* a, const __nv_bfloat16* b) {
  return start({.grid = dim3(1), .block = dim3(32)}, multiply_bf16_from_shared_kernel, c, a, b);
}

cudaError_t load_matrices(uint32_t* r, const uint16_t* m) {
  return start({.grid = dim3(1), .block = dim3(32)}, load_matrices_kernel, r, m);
}

cudaError_t copy_with_zeros(unsigned char* y, const unsigned char* x) {
  return start({.grid = dim3(1), .block = dim3(17)}, copy_with_zeros_kernel, y, x);
}

cudaError_t add_mirrored(float* y, const float* x, int rows) {
  return start({.grid = dim3(1), .block = dim3(256)}, add_mirrored_kernel, y, x, rows);
}

}  // namespace pg::simt
