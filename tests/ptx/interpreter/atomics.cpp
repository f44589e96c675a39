// atomics.cpp: atom and red.
#include <algorithm>

#include "tests/ptx/interpreter/counting.h"

namespace pg::ptx {
namespace {

enum AtomicOp : uint8_t { add, exch, min, max, and_, or_, xor_, cas, inc, dec };

template <typename T>
T combine(uint8_t op, T old, T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    switch (op) {
      case and_:
        return old & a;
      case or_:
        return old | a;
      case xor_:
        return old ^ a;
      case inc:
        return old >= a ? T{0} : static_cast<T>(old + 1);
      case dec:
        return old == 0 || old > a ? a : static_cast<T>(old - 1);
      case cas:
        return old == a ? b : old;
      default:
        break;
    }
  }
  switch (op) {
    case add:
      return static_cast<T>(old + a);
    case exch:
      return a;
    case min:
      return std::min(old, a);
    case max:
      return std::max(old, a);
    default:
      fail("an atomic operation that this type does not have");
  }
}

// o[0] address, o[1] result (kNone: red), o[2], o[3] operands.
template <typename T, Space kSpace>
void atomic(Warp& w, const Instr& i, uint32_t mask) {
  if (counters() != nullptr) ++counters()->atomics;
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const uint64_t address = address_of(w, i, lane);
    char* const p = kSpace == shared
                        ? guarded(lane, [&] { return w.block->shared.change(address, sizeof(T)); })
                        : global_at(i, address, sizeof(T), "changes", lane);
    T old;
    std::memcpy(&old, p, sizeof(T));
    const T b = i.mode == cas ? lanes_of<T>(w, i.o[3])[lane] : T{};
    const T result = combine<T>(i.mode, old, lanes_of<T>(w, i.o[2])[lane], b);
    std::memcpy(p, &result, sizeof(T));
    if (i.o[1] != Instr::kNone) lanes_of<T>(w, i.o[1])[lane] = old;
  }
}

template <Space kSpace>
Handler atomic_of(Type t) {
  if (t.bits != 32 && t.bits != 64) return nullptr;
  const bool wide = t.bits == 64;
  if (t.kind == 'f') return wide ? atomic<double, kSpace> : atomic<float, kSpace>;
  if (t.kind == 's') return wide ? atomic<int64_t, kSpace> : atomic<int32_t, kSpace>;
  return wide ? atomic<uint64_t, kSpace> : atomic<uint32_t, kSpace>;
}

AtomicOp op_of(const Ir& ir) {
  static const std::map<std::string, AtomicOp> ops = {
      {"add", add}, {"exch", exch}, {"min", min}, {"max", max}, {"and", and_},
      {"or", or_},  {"xor", xor_},  {"cas", cas}, {"inc", inc}, {"dec", dec}};
  for (const std::string& m : ir.mods) {
    if (const auto it = ops.find(m); it != ops.end()) return it->second;
  }
  unknown(ir);
}

}  // namespace

bool decode_atomics(const Ir& ir, Places& places, Instr& out) {
  const bool returns = ir.mods[0] == "atom";
  if (!returns && ir.mods[0] != "red") return false;
  const Space space = space_of(ir);
  const Type type = type_of(ir.mods.back());
  if (space == local || space == param) unknown(ir);
  out.mode = op_of(ir);
  const auto width = static_cast<uint8_t>(type.bits / 8);
  const size_t first = returns ? 1 : 0;
  out.run = space == shared ? atomic_of<shared>(type) : atomic_of<global>(type);
  if (out.run == nullptr) unknown(ir);
  set_address(ir.args.at(first), places, out);
  out.o[1] = returns ? places.place(ir.args[0], width) : Instr::kNone;
  out.o[2] = places.place(ir.args.at(first + 1), width);
  if (out.mode == cas) out.o[3] = places.place(ir.args.at(first + 2), width);
  return true;
}

}  // namespace pg::ptx
