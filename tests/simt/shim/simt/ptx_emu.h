// What the PTX instructions of include/ptx.cuh do, for the emulation.
#pragma once
#include "../cuda_bf16.h"
namespace simt {
// Fragment layouts: PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type".
struct MmaArg {
  float* d;
  const uint32_t* a;
  const uint32_t* b;
};
// d += a * b for a 16 x 8 x K tile; Element(lane registers, row or column, k) picks values.
template <int K, typename A, typename B>
void mma(const char* name, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], A, B,
         const Loc& loc) {
  MmaArg arg{d, a, b};
  warp_collective(
      name, ~0u, &arg,
      [](WarpCall& c) {
        if (c.present != ~0u) fail_at(Loc::current(), "mma: a lane of the warp has exited");
        float left[16][K], right[K][8];
        for (int l = 0; l < 32; ++l) {
          const auto* m = static_cast<const MmaArg*>(c.arg[l]);
          A{}(m->a, l >> 2, l & 3, left);
          B{}(m->b, l >> 2, l & 3, right);
        }
        for (int l = 0; l < 32; ++l) {
          auto* m = static_cast<MmaArg*>(c.arg[l]);
          for (int i = 0; i < 4; ++i) {
            const int row = (l >> 2) + (i >> 1) * 8, column = (l & 3) * 2 + (i & 1);
            double sum = 0;
            for (int k = 0; k < K; ++k) sum += double(left[row][k]) * right[k][column];
            m->d[i] = float(m->d[i] + sum);
          }
        }
      },
      loc);
}

inline void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                              const Loc& loc) {
  const auto left = [](const uint32_t* r, int g, int t, float (&m)[16][16]) {
    for (int i = 0; i < 8; ++i) {
      m[g + (i >> 1 & 1) * 8][t * 2 + (i & 1) + (i >> 2) * 8] =
          bf2f(uint16_t(r[i >> 1] >> (16 * (i & 1))));
    }
  };
  const auto right = [](const uint32_t* r, int g, int t, float (&m)[16][8]) {
    for (int i = 0; i < 4; ++i) {
      m[t * 2 + (i & 1) + (i >> 1) * 8][g] = bf2f(uint16_t(r[i >> 1] >> (16 * (i & 1))));
    }
  };
  mma<16>("mma.m16n8k16", d, a, b, left, right, loc);
}

inline float cut_to_tf32(uint32_t bits) { return std::bit_cast<float>(bits & 0xFFFFE000u); }

inline void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                             const Loc& loc) {
  const auto left = [](const uint32_t* r, int g, int t, float (&m)[16][8]) {
    for (int i = 0; i < 4; ++i) m[g + (i & 1) * 8][t + (i >> 1) * 4] = cut_to_tf32(r[i]);
  };
  const auto right = [](const uint32_t* r, int g, int t, float (&m)[8][8]) {
    for (int i = 0; i < 2; ++i) m[t + i * 4][g] = cut_to_tf32(r[i]);
  };
  mma<8>("mma.m16n8k8", d, a, b, left, right, loc);
}

// Nearest, ties away from zero; infinities and NaN stay.
inline float round_to_tf32(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7F800000u) == 0x7F800000u) return x;
  return std::bit_cast<float>((bits + 0x1000u) & 0xFFFFE000u);
}

struct LdmArg {
  const void* row;
  uint32_t* r;
};
template <int N, bool Trans>
void ldmatrix(uint32_t (&r)[N], const void* row, const Loc& loc) {
  if (uintptr_t(row) % 16 && lane_id() < 8 * N)
    fail_at(loc, "ldmatrix: the row address of lane %u is not 16-byte aligned", lane_id());
  if (lane_id() < 8 * N) note_access(row, 16, kRead, loc);
  LdmArg arg{row, r};
  warp_collective(
      Trans ? "ldmatrix.trans" : "ldmatrix", ~0u, &arg,
      [](WarpCall& c) {
        for (int m = 0; m < N; ++m) {
          uint16_t t[8][8];
          for (int i = 0; i < 8; ++i)
            std::memcpy(t[i], static_cast<LdmArg*>(c.arg[m * 8 + i])->row, 16);
          for (int l = 0; l < 32; ++l) {
            int i = l >> 2, j = (l & 3) * 2;
            uint32_t lo = Trans ? t[j][i] : t[i][j], hi = Trans ? t[j + 1][i] : t[i][j + 1];
            static_cast<LdmArg*>(c.arg[l])->r[m] = lo | hi << 16;
          }
        }
      },
      loc);
}
}  // namespace simt
