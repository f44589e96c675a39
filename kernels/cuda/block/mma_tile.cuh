// mma_tile.cuh: tiles of bf16 or f32 in shared memory and the tensor-core products of two of them.
//
// A tile holds rows of kChunks chunks of 16 bytes; a row is a pixel or a channel, along it runs the
// summed index. Chunk c of row r lies at place c ^ f(r), so that copies of whole rows and ldmatrix
// reads of eight rows meet each bank once. f32 values count as tf32: ldmatrix moves pairs of 16-bit
// elements, which are the 32-bit elements that the tf32 fragments want.
#pragma once

#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/storage.cuh"

namespace pg::cuda {

constexpr int kWarp = 32;

// Elements in 16 bytes, the unit of copies.
template <typename T>
constexpr int kChunkElements = 16 / static_cast<int>(sizeof(T));

// An mma.sync instruction multiplies 16 x kMmaDepth by kMmaDepth x 8: two chunks for either type.
template <typename T>
constexpr int kMmaDepth = 2 * kChunkElements<T>;

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

// Where a chunk of a row lies in a tile whose rows have kChunks (2, 4 or 8) chunks; in chunks.
template <int kChunks>
__device__ __forceinline__ int swizzled(int row, int chunk) {
  static_assert(kChunks == 2 || kChunks == 4 || kChunks == 8);
  return row * kChunks + (chunk ^ (row / (8 / kChunks) & (kChunks - 1)));
}

// Address of a chunk in such a tile.
template <int kChunks, typename T>
__device__ __forceinline__ T* tile_chunk(T* tile, int row, int chunk) {
  return tile + swizzled<kChunks>(row, chunk) * kChunkElements<T>;
}

// Where this lane reads, in elements, for fragment a of rows row0 .. row0 + 15 and chunks 0 and 1;
// and for fragments b of rows (result columns) row0 .. row0 + 7 (b[0..1]) and row0 + 8 .. row0 + 15
// (b[2..3]). Other chunks and rows are at_step() and rows_on() from there.
template <typename T, int kChunks>
__device__ __forceinline__ int place_a(int row0) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  return swizzled<kChunks>(row0 + lane % 16, lane / 16) * kChunkElements<T>;
}
template <typename T, int kChunks>
__device__ __forceinline__ int place_b(int row0) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int row = row0 + lane % 8 + lane / 16 * 8;
  return swizzled<kChunks>(row, lane / 8 % 2) * kChunkElements<T>;
}

// The place for chunks 2 step and 2 step + 1 instead of 0 and 1.
template <typename T>
__device__ __forceinline__ int at_step(int place, int step) {
  return place ^ 2 * step * kChunkElements<T>;
}

// How far `rows`, a multiple of 8, lie ahead of any place.
template <typename T, int kChunks>
__device__ __forceinline__ constexpr int rows_on(int rows) {
  return rows * kChunks * kChunkElements<T>;
}

// Rounds an f32 fragment to tf32 (the instruction would cut it off); nothing to do for bf16.
template <typename T>
__device__ __forceinline__ void round_fragment(uint32_t (&a)[4]) {
  if constexpr (sizeof(T) == 4) {
#pragma unroll
    for (uint32_t& v : a) v = __float_as_uint(ptx::round_to_tf32(__uint_as_float(v)));
  }
}

// acc += A * B^T for a warp: rows row_a .. row_a + 16 kM of tile a, rows row_b .. row_b + 8 kN of
// tile b, over all chunks. A is rounded on the way; B must hold rounded values. The order of each
// sum is that of the chunks, whatever the tile.
template <typename T, int kChunks, int kM, int kN>
__device__ __forceinline__ void multiply_tiles(float (&acc)[kM][kN][4], const T* a, int row_a,
                                               const T* b, int row_b) {
  static_assert(kN % 2 == 0);
  const int at_a = place_a<T, kChunks>(row_a), at_b = place_b<T, kChunks>(row_b);
#pragma unroll
  for (int step = 0; step < kChunks / 2; ++step) {
    uint32_t fa[kM][4], fb[kN / 2][4];
#pragma unroll
    for (int i = 0; i < kM; ++i) {
      ptx::ldmatrix_x4(fa[i], a + at_step<T>(at_a, step) + rows_on<T, kChunks>(16 * i));
      round_fragment<T>(fa[i]);
    }
#pragma unroll
    for (int j = 0; j < kN / 2; ++j) {
      ptx::ldmatrix_x4(fb[j], b + at_step<T>(at_b, step) + rows_on<T, kChunks>(16 * j));
    }
#pragma unroll
    for (int i = 0; i < kM; ++i) {
#pragma unroll
      for (int j = 0; j < kN; ++j) {
        const uint32_t pair[2] = {fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]};
        mma<T>(acc[i][j], fa[i], pair);
      }
    }
  }
}

}  // namespace pg::cuda
