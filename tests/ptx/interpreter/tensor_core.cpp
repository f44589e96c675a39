// tensor_core.cpp: ldmatrix and mma.
//
// Fragment layouts after the PTX ISA ("Matrix Fragments for mma.m16n8k16 with floating point type",
// "... mma.m16n8k8", "Warp-level matrix load instruction: ldmatrix").
#include "tests/hardware/tensor_core_sum.h"
#include "tests/ptx/interpreter/counting.h"
#include "tests/ptx/interpreter/module.h"

namespace pg::ptx {
namespace {

constexpr int kRows = 16, kColumns = 8, kWarp = 32;

// The lanes 8 k to 8 k + 7 give the addresses of the rows of matrix k.
uint64_t row_address(Warp& w, const Instr& i, int lane) {
  const uint64_t base =
      i.width2 == 4 ? lanes_of<uint32_t>(w, i.o[8])[lane] : lanes_of<uint64_t>(w, i.o[8])[lane];
  return base + static_cast<uint64_t>(i.offset);
}

void load_row(Warp& w, const Instr& i, int lane, uint16_t (&row)[8]) {
  try {
    const uint64_t address = row_address(w, i, lane);
    std::memcpy(row, w.block->shared.read(address, sizeof(row), w.access(lane)), sizeof(row));
  } catch (const Error& e) {
    throw LaneFault{e.what(), lane};
  }
}

void count_rows(Warp& w, const Instr& i) {
  hardware::WarpRequest rows{.lanes = 0, .bytes = 16, .address = {}};
  for (int lane = 0; lane < 8 * i.count; ++lane) {
    rows.add(static_cast<uint32_t>(lane), row_address(w, i, lane));
  }
  ++counters()->ldmatrix;
  counters()->shared_loads.add(rows);
}

// o[0..count): d; o[8]: address; mode 1: .trans
void load_matrix(Warp& w, const Instr& i, uint32_t) {
  if (counters() != nullptr) count_rows(w, i);
  uint16_t m[8][8];
  for (int k = 0; k < i.count; ++k) {
    for (int row = 0; row < 8; ++row) load_row(w, i, 8 * k + row, m[row]);
    auto* const d = lanes_of<uint32_t>(w, i.o[k]);
    for (int lane = 0; lane < kWarp; ++lane) {
      const int row = lane / 4, column = lane % 4 * 2;
      const uint16_t low = i.mode == 0 ? m[row][column] : m[column][row];
      const uint16_t high = i.mode == 0 ? m[row][column + 1] : m[column + 1][row];
      d[lane] = low | static_cast<uint32_t>(high) << 16;
    }
  }
}

struct Place {
  int row, column;
};
// Of element i of a lane's accumulators.
Place accumulator(int lane, int i) { return {lane / 4 + 8 * (i / 2), lane % 4 * 2 + i % 2}; }

// The sums of one 16x8 tile of c + a b, in double.
template <int kDepth>
void add_products(const float (&a)[kRows][kDepth], const float (&b)[kDepth][kColumns],
                  double (&sum)[kRows][kColumns]) {
  for (int row = 0; row < kRows; ++row) {
    for (int k = 0; k < kDepth; ++k) {
      const auto left = static_cast<double>(a[row][k]);
      for (int n = 0; n < kColumns; ++n) sum[row][n] += left * static_cast<double>(b[k][n]);
    }
  }
}

// The same as a tensor core adds them.
template <int kDepth>
void add_products(hardware::TensorCore core, const float (&a)[kRows][kDepth],
                  const float (&b)[kDepth][kColumns], double (&sum)[kRows][kColumns]) {
  for (int n = 0; n < kColumns; ++n) {
    float column[kDepth];
    for (int k = 0; k < kDepth; ++k) column[k] = b[k][n];
    for (int row = 0; row < kRows; ++row) {
      const auto c = static_cast<float>(sum[row][n]);
      const float d = hardware::tensor_core_sum(core, c, a[row], column, kDepth);
      sum[row][n] = static_cast<double>(d);
    }
  }
}

// d = a b + c, rounded once or as a tensor core does. Operands: d 0-3, a 4-7, b 8-9, c 10-13.
template <int kDepth>
void multiply(Warp& w, const Instr& in, const float (&a)[kRows][kDepth],
              const float (&b)[kDepth][kColumns]) {
  if (counters() != nullptr) ++counters()->mma;
  double sum[kRows][kColumns];
  for (int lane = 0; lane < kWarp; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const Place at = accumulator(lane, i);
      sum[at.row][at.column] = static_cast<double>(lanes_of<float>(w, in.o[10 + i])[lane]);
    }
  }
  const hardware::TensorCore core = options().tensor_core;
  if (core == hardware::TensorCore::rounded) {
    add_products(a, b, sum);
  } else {
    add_products(core, a, b, sum);
  }
  for (int lane = 0; lane < kWarp; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const Place at = accumulator(lane, i);
      lanes_of<float>(w, in.o[i])[lane] = static_cast<float>(sum[at.row][at.column]);
    }
  }
}

template <bool kHalf>
void mma_16_bits(Warp& w, const Instr& in, uint32_t) {
  float a[kRows][16], b[16][kColumns];
  const auto value = [&](uint32_t operand, int lane, int half) {
    const auto bits = static_cast<uint16_t>(lanes_of<uint32_t>(w, operand)[lane] >> 16 * half);
    return kHalf ? half_value(bits) : bf16_to_float(bits);
  };
  for (int lane = 0; lane < kWarp; ++lane) {
    const int group = lane / 4, in_group = lane % 4;
    for (int i = 0; i < 8; ++i) {
      const int row = group + (i / 2 % 2 == 0 ? 0 : 8);
      const int column = in_group * 2 + i % 2 + (i >= 4 ? 8 : 0);
      a[row][column] = value(in.o[4 + i / 2], lane, i % 2);
    }
    for (int i = 0; i < 4; ++i) {
      const int row = in_group * 2 + i % 2 + (i >= 2 ? 8 : 0);
      b[row][group] = value(in.o[8 + i / 2], lane, i % 2);
    }
  }
  multiply<16>(w, in, a, b);
}

void mma_tf32(Warp& w, const Instr& in, uint32_t) {
  constexpr uint32_t kCut = 0x1FFF;  // bits that the tensor core does not read
  float a[kRows][8], b[8][kColumns];
  const bool strict = options().strict_tf32;
  const auto value = [&](uint32_t operand, int lane) {
    const uint32_t bits = lanes_of<uint32_t>(w, operand)[lane];
    if (strict && (bits & kCut) != 0) {
      throw LaneFault{"mma with a factor that is not rounded to tf32", lane};
    }
    return std::bit_cast<float>(bits & ~kCut);
  };
  for (int lane = 0; lane < kWarp; ++lane) {
    const int group = lane / 4, in_group = lane % 4;
    for (int i = 0; i < 4; ++i) {
      a[group + i % 2 * 8][in_group + i / 2 * 4] = value(in.o[4 + i], lane);
    }
    for (int i = 0; i < 2; ++i) b[in_group + i * 4][group] = value(in.o[8 + i], lane);
  }
  multiply<8>(w, in, a, b);
}

Handler mma_of(const Ir& ir) {
  static const std::map<std::string, Handler> shapes = {
      {"m16n8k16.row.col.f32.bf16.bf16.f32", mma_16_bits<false>},
      {"m16n8k16.row.col.f32.f16.f16.f32", mma_16_bits<true>},
      {"m16n8k8.row.col.f32.tf32.tf32.f32", mma_tf32}};
  static constexpr std::string_view kPrefix = "mma.sync.aligned.";
  if (!ir.op.starts_with(kPrefix)) unknown(ir);
  const auto it = shapes.find(ir.op.substr(kPrefix.size()));
  if (it == shapes.end()) unknown(ir);
  return it->second;
}

void decode_mma(const Ir& ir, Places& places, Instr& out) {
  out.run = mma_of(ir);
  static constexpr size_t kCounts[] = {4, 4, 2, 4};
  size_t to = 0;
  for (size_t k = 0; k < 4; ++k) {
    const Operand& v = ir.args.at(k);
    if (v.kind != Operand::vec || v.parts.size() != kCounts[k]) {
      fail("operand " + std::to_string(k) + " of mma has another length");
    }
    for (const Operand& part : v.parts) out.o[to++] = places.place(part, 4);
  }
  out.kind = Kind::warp_sync;
}

void decode_ldmatrix(const Ir& ir, Places& places, Instr& out) {
  if (!ir.has("m8n8") || !ir.has("b16")) unknown(ir);
  out.count = ir.has("x4") ? 4 : ir.has("x2") ? 2 : 1;
  out.mode = ir.has("trans") ? 1 : 0;
  out.run = load_matrix;
  const Operand& d = ir.args.at(0);
  if (d.parts.size() != out.count) fail("ldmatrix with another number of registers");
  for (size_t i = 0; i < out.count; ++i) out.o[i] = places.place(d.parts[i], 4);
  out.offset = ir.args.at(1).value;
  const Operand base = register_operand(ir.args[1].reg_id);
  out.width2 = places.width_of(base);
  out.o[8] = places.place(base, out.width2);
  out.kind = Kind::warp_sync;
}

}  // namespace

bool decode_tensor_core(const Ir& ir, Places& places, Instr& out) {
  if (ir.mods[0] == "mma") {
    decode_mma(ir, places, out);
  } else if (ir.mods[0] == "ldmatrix") {
    decode_ldmatrix(ir, places, out);
  } else {
    return false;
  }
  return true;
}

}  // namespace pg::ptx
