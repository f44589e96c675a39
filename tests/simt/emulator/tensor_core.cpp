// tensor_core.cpp: mma and ldmatrix, which 32 lanes execute together.
#include <simt_ptx.h>

#include "tests/simt/emulator/grid.h"
#include "tests/simt/emulator/race.h"

namespace pg::simt {
namespace {

TensorCore tensor_core = TensorCore::rounded;

struct MmaOperands {
  float* d;
  const uint32_t* a;
  const uint32_t* b;
};

template <int kDepth>
struct Tiles {
  float a[16][kDepth], b[8][kDepth];
};

float bf16_in(const uint32_t* registers, int i) {
  return std::bit_cast<float>((registers[i / 2] >> (16 * (i % 2)) & 0xFFFF) << 16);
}

void place_bf16(const MmaOperands& m, int g, int t, Tiles<16>& tiles) {
  for (int i = 0; i < 8; ++i) {
    tiles.a[g + i / 2 % 2 * 8][t * 2 + i % 2 + i / 4 * 8] = bf16_in(m.a, i);
  }
  for (int i = 0; i < 4; ++i) tiles.b[g][t * 2 + i % 2 + i / 2 * 8] = bf16_in(m.b, i);
}

// The instruction uses only the upper 19 bits of each f32.
float tf32_in(uint32_t bits) { return std::bit_cast<float>(bits & 0xFFFFE000u); }

void place_tf32(const MmaOperands& m, int g, int t, Tiles<8>& tiles) {
  for (int i = 0; i < 4; ++i) tiles.a[g + i % 2 * 8][t + i / 2 * 4] = tf32_in(m.a[i]);
  for (int i = 0; i < 2; ++i) tiles.b[g][t + i * 4] = tf32_in(m.b[i]);
}

template <int kDepth>
void multiply(const Tiles<kDepth>& tiles, const MmaOperands& m, int g, int t) {
  for (int i = 0; i < 4; ++i) {
    const int row = g + i / 2 * 8, column = t * 2 + i % 2;
    m.d[i] = hardware::tensor_core_sum(tensor_core, m.d[i], tiles.a[row], tiles.b[column], kDepth);
  }
}

template <int kDepth, void (*place)(const MmaOperands&, int, int, Tiles<kDepth>&)>
void resolve_mma(WarpCall& call) {
  if (call.present != kWholeWarp) fail(text("mma: a lane of the warp has exited"));
  Tiles<kDepth> tiles;
  for (int l = 0; l < 32; ++l) {
    place(*static_cast<const MmaOperands*>(call.arg[l]), l / 4, l % 4, tiles);
  }
  for (int l = 0; l < 32; ++l) {
    multiply(tiles, *static_cast<const MmaOperands*>(call.arg[l]), l / 4, l % 4);
  }
}

struct LdmatrixOperands {
  const void* row;
  uint32_t* registers;
  int count;
  MatrixLoad load;
};

void load_matrix(const WarpCall& call, int matrix, MatrixLoad load) {
  uint16_t rows[8][8];
  for (int i = 0; i < 8; ++i) {
    std::memcpy(rows[i], static_cast<const LdmatrixOperands*>(call.arg[matrix * 8 + i])->row, 16);
  }
  for (int l = 0; l < 32; ++l) {
    const int i = l / 4, j = l % 4 * 2;
    const bool transposed = load == MatrixLoad::transposed;
    const uint32_t low = transposed ? rows[j][i] : rows[i][j];
    const uint32_t high = transposed ? rows[j + 1][i] : rows[i][j + 1];
    static_cast<const LdmatrixOperands*>(call.arg[l])->registers[matrix] = low | high << 16;
  }
}

void resolve_ldmatrix(WarpCall& call) {
  if (call.present != kWholeWarp) fail(text("ldmatrix: a lane of the warp has exited"));
  const LdmatrixOperands first = *static_cast<const LdmatrixOperands*>(call.arg[0]);
  for (int m = 0; m < first.count; ++m) load_matrix(call, m, first.load);
}

}  // namespace

void set_tensor_core(TensorCore core) { tensor_core = core; }

void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                       const Loc& loc) {
  MmaOperands mine{d, a, b};
  warp_collective({.name = "mma.m16n8k16",
                   .mask = kWholeWarp,
                   .arg = &mine,
                   .resolve = resolve_mma<16, place_bf16>},
                  loc);
}

void mma_m16n8k8_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                      const Loc& loc) {
  MmaOperands mine{d, a, b};
  warp_collective({.name = "mma.m16n8k8",
                   .mask = kWholeWarp,
                   .arg = &mine,
                   .resolve = resolve_mma<8, place_tf32>},
                  loc);
}

float round_to_tf32(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7F800000u) == 0x7F800000u) return x;
  return std::bit_cast<float>((bits + 0x1000u) & 0xFFFFE000u);
}

void ldmatrix(uint32_t* registers, int count, MatrixLoad load, const void* row, const Loc& loc) {
  if (lane() < 8 * count) {
    if (reinterpret_cast<uintptr_t>(row) % 16 != 0) {
      fail_at(loc, text("ldmatrix: the row address of lane %d is not 16-byte aligned", lane()));
    }
    note_access(row, 16, Access::read, loc);
  }
  LdmatrixOperands mine{row, registers, count, load};
  warp_collective({.name = load == MatrixLoad::transposed ? "ldmatrix.trans" : "ldmatrix",
                   .mask = kWholeWarp,
                   .arg = &mine,
                   .resolve = resolve_ldmatrix},
                  loc);
}

}  // namespace pg::simt
