// mma_fragments.cuh: operands of mma.sync from shared-memory tiles whose rows are the summed index.
//
// One of two fragment systems. Here the sum runs over rows (pixels in wgrad, depth in matmul), so
// both operands are transposed while they are loaded: by ldmatrix.trans for bf16, and by plain
// loads for f32, whose elements ldmatrix cannot transpose. Rows are padded by 8 elements to avoid
// bank conflicts. In mma_tile.cuh (fprop) the sum runs along a row; nothing is transposed there,
// and rows are swizzled instead of padded. Both end in the same mma.sync instructions of ptx.cuh.
#pragma once

#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/storage.cuh"

namespace pg::cuda {

// kDepth: rows of one product. A lane reads its share of the right operand from kRows of them, the
// first of which is first_row(lane); the others follow kRowsApart apart, a bit that is 0 in each
// first row. It reads count fragments of eight columns from first_column<count>(lane) on.
// Of the left operand's 16 channels, a lane's sums d[0] and d[1] belong to channel_a(lane, 0), d[2]
// and d[3] to channel_a(lane, 1), which is the next one if kPairs. mma.sync allows any order of
// channels.
template <typename T>
struct Fragments;

template <>
struct Fragments<bf16> {
  static constexpr int kDepth = 16, kRows = 1, kRowsApart = 0;
  static constexpr uint32_t kOnes = 0x3F803F80;  // 1.0 in both halves
  static constexpr bool kPairs = false;

  static __device__ __forceinline__ int first_row(int lane) { return lane & 15; }
  // 16 channels x 16 pixels of a tile with rows ld elements apart. at: the tile's first element
  // plus offset_a().
  static __device__ __forceinline__ void load_a(uint32_t (&a)[4], const bf16* at, int) {
    ptx::ldmatrix_x4_trans(a, at);
  }
  static __device__ __forceinline__ int offset_a(int lane, int ld) {
    return ((lane & 7) + (lane >> 4) * 8) * ld + (lane & 8);
  }
  static __device__ __forceinline__ int channel_a(int lane, int i) { return (lane >> 2) + i * 8; }
  template <int count>
  static __device__ __forceinline__ int first_column(int lane) {
    return count > 1 ? (lane >> 4) * 8 : 0;
  }
  // 16 pixels x 8 count channels. rows: the lane's, from its first column on.
  template <int count>
  static __device__ __forceinline__ void load_b(uint32_t (&b)[count][2],
                                                const bf16* const (&rows)[kRows]) {
#pragma unroll
    for (int j = 0; j + 1 < count; j += 2) {
      uint32_t r[4];
      ptx::ldmatrix_x4_trans(r, rows[0] + j * 8);
      b[j][0] = r[0];
      b[j][1] = r[1];
      b[j + 1][0] = r[2];
      b[j + 1][1] = r[3];
    }
    if constexpr (count % 2 == 1) {
      ptx::ldmatrix_x2_trans(b[count - 1], rows[0] + (count - 1) * 8);
    }
  }
  static __device__ __forceinline__ void multiply(float (&d)[4], const uint32_t (&a)[4],
                                                  const uint32_t (&b)[2]) {
    ptx::mma_bf16(d, a, b);
  }
};

template <>
struct Fragments<float> {
  static constexpr int kDepth = 8, kRows = 2, kRowsApart = 4;
  static constexpr uint32_t kOnes = 0x3F800000;
  static constexpr bool kPairs = true;

  static __device__ __forceinline__ int first_row(int lane) { return lane & 3; }
  static __device__ __forceinline__ int offset_a(int lane, int ld) {
    return (lane & 3) * ld + channel_a(lane, 0);
  }
  static __device__ __forceinline__ int channel_a(int lane, int i) { return (lane >> 2) * 2 + i; }
  // at: 8-byte aligned, for half as many loads.
  static __device__ __forceinline__ void load_a(uint32_t (&a)[4], const float* at, int ld) {
    const Pack<float, 2> near = load<2>(at), far = load<2>(at + 4 * ld);
    a[0] = __float_as_uint(near.value[0]);
    a[1] = __float_as_uint(near.value[1]);
    a[2] = __float_as_uint(far.value[0]);
    a[3] = __float_as_uint(far.value[1]);
  }
  template <int count>
  static __device__ __forceinline__ int first_column(int lane) {
    return lane >> 2;
  }
  template <int count>
  static __device__ __forceinline__ void load_b(uint32_t (&b)[count][2],
                                                const float* const (&rows)[kRows]) {
#pragma unroll
    for (int j = 0; j < count; ++j) {
      b[j][0] = __float_as_uint(rows[0][j * 8]);
      b[j][1] = __float_as_uint(rows[1][j * 8]);
    }
  }
  static __device__ __forceinline__ void multiply(float (&d)[4], const uint32_t (&a)[4],
                                                  const uint32_t (&b)[2]) {
    ptx::mma_tf32(d, a, b);
  }
};

}  // namespace pg::cuda
