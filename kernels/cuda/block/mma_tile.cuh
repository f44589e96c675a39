// mma_tile.cuh: tiles of bf16 or f32 in shared memory, and the tensor-core product of two of them.
//
// A tile has rows of kPacks packs of 16 bytes; a row is a pixel or a channel, and the summed index
// runs along it. Pack c of row r is stored at position c ^ f(r), so that copies of whole rows and
// ldmatrix reads of eight rows touch each bank once. f32 values are tf32, rounded before they are
// read: ldmatrix moves pairs of 16-bit elements, which are the 32-bit elements of tf32 fragments.
//
// One of two fragment systems; the other, mma_fragments.cuh, sums over rows (wgrad, matmul).
#pragma once

#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/sums.cuh"

namespace pg::cuda {

// d += a * b for one 16 x 8 result; lane l has d[0..1] = (l / 4, 2 (l % 4) + {0, 1}) and
// d[2..3] = the same columns of row l / 4 + 8.
template <typename T>
__device__ __forceinline__ void mma(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  if constexpr (sizeof(T) == 2) {
    ptx::mma_bf16(d, a, b);
  } else {
    ptx::mma_tf32(d, a, b);
  }
}

// Position, in packs, of a pack of a row in a tile with kPacks (2, 4 or 8) packs a row.
template <int kPacks>
__device__ __forceinline__ int swizzled(int row, int pack) {
  static_assert(kPacks == 2 || kPacks == 4 || kPacks == 8);
  return row * kPacks + (pack ^ (row / (8 / kPacks) & (kPacks - 1)));
}

// Address of a pack in such a tile.
template <int kPacks, typename T>
__device__ __forceinline__ T* tile_pack(T* tile, int row, int pack) {
  return tile + swizzled<kPacks>(row, pack) * kPack<T>;
}

// Offset, in elements, at which this lane reads fragment a of rows row0 .. row0 + 15, packs 0 and
// 1; and fragments b of rows (result columns) row0 .. row0 + 7 (b[0..1]) and row0 + 8 .. row0 + 15
// (b[2..3]). at_step() and rows_ahead() give the offsets of other packs and rows.
template <typename T, int kPacks>
__device__ __forceinline__ int offset_a(int row0) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  return swizzled<kPacks>(row0 + lane % 16, lane / 16) * kPack<T>;
}
template <typename T, int kPacks>
__device__ __forceinline__ int offset_b(int row0) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int row = row0 + lane % 8 + lane / 16 * 8;
  return swizzled<kPacks>(row, lane / 8 % 2) * kPack<T>;
}

// The offset for packs 2 step and 2 step + 1 instead of 0 and 1.
template <typename T>
__device__ __forceinline__ int at_step(int offset, int step) {
  return offset ^ 2 * step * kPack<T>;
}

// Distance, in elements, to the same packs `rows` (a multiple of 8) rows further on.
template <typename T, int kPacks>
__device__ __forceinline__ constexpr int rows_ahead(int rows) {
  return rows * kPacks * kPack<T>;
}

// acc += A * B^T for the packs of one k-step. fb[j]: of columns 16 j .. 16 j + 15.
template <typename T, int kM, int kN>
__device__ __forceinline__ void multiply_fragments(float (&acc)[kM][kN][4],
                                                   const uint32_t (&fa)[kM][4],
                                                   const uint32_t (&fb)[kN / 2][4]) {
#pragma unroll
  for (int i = 0; i < kM; ++i) {
#pragma unroll
    for (int j = 0; j < kN; ++j) {
      const uint32_t pair[2] = {fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]};
      mma<T>(acc[i][j], fa[i], pair);
    }
  }
}

}  // namespace pg::cuda
