// simd.cpp: the instruction sets of this processor, detected at run time.
#include "kernels/cpu/fast/simd/simd.h"

namespace pg::cpu {

bool isa_available(Isa isa) {
  __builtin_cpu_init();
  switch (isa) {
    case Isa::sse2:
      return true;
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("fma");
  }
  return false;
}

Isa best_isa() {
  if (isa_available(Isa::avx512)) return Isa::avx512;
  return isa_available(Isa::avx2) ? Isa::avx2 : Isa::sse2;
}

const SimdKernels& simd_kernels(Isa isa) {
  switch (isa) {
    case Isa::avx512:
      return avx512::kTable;
    case Isa::avx2:
      return avx2::kTable;
    case Isa::sse2:
      break;
  }
  return sse2::kTable;
}

const char* name_of(Isa isa) {
  switch (isa) {
    case Isa::sse2:
      return "SSE2";
    case Isa::avx2:
      return "AVX2";
    case Isa::avx512:
      return "AVX-512";
  }
  return "?";
}

}  // namespace pg::cpu
