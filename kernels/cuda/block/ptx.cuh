// ptx.cuh: every PTX instruction the kernels use, and everything else that nvcc and the emulator
// (tests/simt) spell differently.
//
// Kernels contain no asm and no __CUDA_ARCH__: they call these wrappers. Under PG_SIMT each one is
// a function of the emulator, which checks alignment, convergence and races.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>

#ifdef PG_SIMT
#include <simt_ptx.h>
#define PG_PTX_LOC , const simt::Loc& loc = simt::Loc::current()
#else
#define PG_PTX_LOC
#endif

namespace pg::cuda {

// Dynamic shared memory, aligned for any use. One T per kernel.
template <typename T>
__device__ __forceinline__ T* dynamic_smem() {
#ifdef PG_SIMT
  return static_cast<T*>(simt::dynamic_smem());
#else
  extern __shared__ __align__(1024) unsigned char pg_dynamic_smem[];
  return reinterpret_cast<T*>(pg_dynamic_smem);
#endif
}

}  // namespace pg::cuda

namespace pg::cuda::ptx {

// The first statement of every kernel: waits until the kernels before have ended and their results
// can be read, where the device started this one earlier (launch.cuh). Then the next kernel may be
// started; its blocks wait here in turn.
__device__ __forceinline__ void follow_earlier_kernels() {
#ifdef PG_SIMT
  simt::follow_earlier_kernels();
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

#ifndef PG_SIMT
__device__ __forceinline__ uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}
#endif

// d += a * b for one 16x8x16 tile: a row-major, b column-major, bf16 in, f32 accumulators.
// Fragments: PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type".
__device__ __forceinline__ void mma_bf16(float (&d)[4], const uint32_t (&a)[4],
                                         const uint32_t (&b)[2] PG_PTX_LOC) {
#ifdef PG_SIMT
  simt::mma_m16n8k16_bf16(d, a, b, loc);
#else
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// The same for a 16x8x8 tile of f32 values; the instruction uses their upper 19 bits (tf32).
__device__ __forceinline__ void mma_tf32(float (&d)[4], const uint32_t (&a)[4],
                                         const uint32_t (&b)[2] PG_PTX_LOC) {
#ifdef PG_SIMT
  simt::mma_m16n8k8_tf32(d, a, b, loc);
#else
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// f32 rounded to the nearest tf32 (ties away from zero), stored as f32. Without this the tensor
// cores truncate the low bits, which biases sums towards zero.
__device__ __forceinline__ float round_to_tf32(float x) {
#ifdef PG_SIMT
  return simt::round_to_tf32(x);
#else
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return __uint_as_float(bits);
#endif
}

// Four 8x8 matrices of 16-bit elements; lane l gives the address of row l % 8 of matrix l / 8,
// 16-byte aligned in shared memory.
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], const void* row PG_PTX_LOC) {
#ifdef PG_SIMT
  simt::ldmatrix<4, false>(r, row, loc);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
#endif
}

// As above, each matrix transposed.
__device__ __forceinline__ void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row PG_PTX_LOC) {
#ifdef PG_SIMT
  simt::ldmatrix<4, true>(r, row, loc);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
#endif
}

// Two matrices, transposed; lanes 0 to 15 give the addresses.
__device__ __forceinline__ void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row PG_PTX_LOC) {
#ifdef PG_SIMT
  simt::ldmatrix<2, true>(r, row, loc);
#else
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(shared_address(row))
               : "memory");
#endif
}

// v, which the compiler then takes for unknown: sums of it and constants are not computed ahead of
// time, and stay parts of addresses.
__device__ __forceinline__ uint32_t unknown(uint32_t v) {
#ifndef PG_SIMT
  asm("" : "+r"(v));
#endif
  return v;
}

// 0, which the compiler takes for a number that is known here only: what depends on it is not
// computed before a loop around it.
__device__ __forceinline__ int late_zero() {
  int zero = 0;
#ifndef PG_SIMT
  asm volatile("mov.u32 %0, 0;" : "=r"(zero));
#endif
  return zero;
}

// Copies `valid` (0 to 16) bytes from global to shared memory and zero-fills the rest of 16; both
// addresses 16-byte aligned. The bytes have arrived after commit, wait and a barrier.
__device__ __forceinline__ void cp_async_16(void* smem, const void* gmem, int valid PG_PTX_LOC) {
#ifdef PG_SIMT
  simt::cp_async(smem, gmem, valid, loc);
#else
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(smem)),
               "l"(gmem), "r"(valid)
               : "memory");
#endif
}

// Closes a group of this thread's copies.
__device__ __forceinline__ void cp_async_commit() {
#ifdef PG_SIMT
  simt::cp_async_commit();
#else
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until at most `pending` of this thread's newest groups are still in flight.
template <int pending>
__device__ __forceinline__ void cp_async_wait() {
#ifdef PG_SIMT
  simt::cp_async_wait(pending);
#else
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
#endif
}

}  // namespace pg::cuda::ptx
