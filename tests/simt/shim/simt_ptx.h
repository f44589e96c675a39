// simt_ptx.h: the emulated PTX instructions of kernels/cuda/block/ptx.cuh. nvcc has no such header;
// the emulator provides it beside <cuda_runtime.h>.
//
// Fragment layouts are those of the PTX ISA, "Matrix Fragments for mma.m16n8k16" and "m16n8k8",
// with group g = lane / 4 and t = lane % 4. Products and sums are exact until one rounding at the
// end, or follow the tensor cores of a GPU (set_tensor_core).
#pragma once

#include <cuda_bf16.h>

namespace pg::simt {

void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                       const Loc& loc);
void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                      const Loc& loc);

// f32 to the nearest tf32, ties away from zero; infinities and NaN stay.
float round_to_tf32(float x);

// Loads `count` 8x8 matrices of 16-bit elements; lanes 0 to 8 * count - 1 pass the rows.
enum class MatrixLoad : uint8_t { as_stored, transposed };
void ldmatrix(uint32_t* registers, int count, MatrixLoad load, const void* row, const Loc& loc);

template <int kCount, bool kTransposed>
void ldmatrix(uint32_t (&registers)[kCount], const void* row, const Loc& loc) {
  ldmatrix(registers, kCount, kTransposed ? MatrixLoad::transposed : MatrixLoad::as_stored, row,
           loc);
}

}  // namespace pg::simt
