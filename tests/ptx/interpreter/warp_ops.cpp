// warp_ops.cpp: instructions that lanes run together: shfl, vote, redux, barriers. The loop of
// block_run.cpp has already made sure that all members are there.
#include <algorithm>

#include "tests/ptx/interpreter/lanes.h"

namespace pg::ptx {
namespace {

enum Mode : uint8_t { up, down, bfly, idx };

struct Source {
  int lane;
  bool inside;
};
// The lane that shfl reads from; c: segment mask and clamp value.
Source source_of(uint8_t mode, int lane, int b, uint32_t c) {
  const int segment = static_cast<int>(c >> 8 & 31), clamp = static_cast<int>(c & 31);
  const int least = lane & segment, most = least | (clamp & ~segment);
  switch (mode) {
    case up:
      return {lane - b, lane - b >= most};
    case down:
      return {lane + b, lane + b <= most};
    case bfly:
      return {lane ^ b, (lane ^ b) <= most};
    default: {
      const int from = least | (b & ~segment);
      return {from, from <= most};
    }
  }
}

// o: d, p (or kNone), a, b, c
void shuffle(Warp& w, const Instr& i, uint32_t mask) {
  uint32_t result[kLanes], in_range = 0;
  const auto* const a = lanes_of<uint32_t>(w, i.o[2]);
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const int b = static_cast<int>(lanes_of<uint32_t>(w, i.o[3])[lane] & 31);
    const Source source = source_of(i.mode, lane, b, lanes_of<uint32_t>(w, i.o[4])[lane]);
    const int from = source.inside ? source.lane : lane;
    if ((mask >> from & 1) == 0) {
      throw LaneFault{"shfl reads from lane " + std::to_string(from) + ", which does not take part",
                      lane};
    }
    result[lane] = a[from];
    in_range |= static_cast<uint32_t>(source.inside) << lane;
  }
  each(
      mask, lanes_of<uint32_t>(w, i.o[0]), [](uint32_t r) { return r; }, result);
  if (i.o[1] != Instr::kNone) merge(predicate(w, i.o[1]), in_range, mask);
}

// o: d, p; offset: the predicate is negated
enum Vote : uint8_t { all, any, uni, ballot };
void vote(Warp& w, const Instr& i, uint32_t mask) {
  const uint32_t p = (predicate(w, i.o[1]) ^ (i.offset != 0 ? ~0u : 0)) & mask;
  const bool yes = i.mode == all ? p == mask : i.mode == any ? p != 0 : p == 0 || p == mask;
  if (i.mode == ballot) {
    each(mask, lanes_of<uint32_t>(w, i.o[0]), [p]() { return p; });
  } else {
    merge(predicate(w, i.o[0]), yes ? ~0u : 0, mask);
  }
}

void active_mask(Warp& w, const Instr& i, uint32_t mask) {
  each(mask, lanes_of<uint32_t>(w, i.o[0]), [mask]() { return mask; });
}

constexpr std::string_view kReductions[] = {"add", "min", "max", "and", "or", "xor"};
template <typename T>
T reduced(uint8_t mode, T a, T b) {
  switch (mode) {
    case 0:
      return static_cast<T>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
    case 1:
      return std::min(a, b);
    case 2:
      return std::max(a, b);
    case 3:
      return a & b;
    case 4:
      return a | b;
    default:
      return a ^ b;
  }
}
template <typename T>
void reduce(Warp& w, const Instr& i, uint32_t mask) {
  const T* const a = lanes_of<T>(w, i.o[1]);
  T r = a[std::countr_zero(mask)];
  for (uint32_t left = mask & (mask - 1); left != 0; left &= left - 1) {
    r = reduced(i.mode, r, a[std::countr_zero(left)]);
  }
  each(mask, lanes_of<T>(w, i.o[0]), [r]() { return r; });
}

void warp_barrier(Warp& w, const Instr&, uint32_t mask) {
  if (mask == w.alive) ++w.epoch;
}

// The values of bar.red from all warps come together in block_run.cpp.
void nothing(Warp&, const Instr&, uint32_t) {}

void set_members(const Operand& o, Places& places, Instr& out) {
  out.kind = Kind::warp_sync;
  out.members = places.place(o, 4);
}

void decode_shuffle(const Ir& ir, Places& places, Instr& out) {
  if (!ir.has("sync")) unknown(ir);
  out.mode = ir.has("up") ? up : ir.has("down") ? down : ir.has("bfly") ? bfly : idx;
  out.run = shuffle;
  out.o[0] = places.place(ir.args.at(0), 4);
  const int in_range = ir.args[0].second;
  out.o[1] = in_range < 0 ? Instr::kNone : places.place(register_operand(in_range), 1);
  for (size_t i = 0; i < 3; ++i) out.o[2 + i] = places.place(ir.args.at(1 + i), 4);
  set_members(ir.args.at(4), places, out);
}

void decode_vote(const Ir& ir, Places& places, Instr& out) {
  out.mode = ir.has("ballot") ? ballot : ir.has("all") ? all : ir.has("any") ? any : uni;
  out.run = vote;
  out.o[0] = places.place(ir.args.at(0), out.mode == ballot ? 4 : 1);
  out.o[1] = places.place(ir.args.at(1), 1);
  out.offset = ir.args[1].negated ? 1 : 0;
  set_members(ir.args.at(2), places, out);
}

void decode_reduction(const Ir& ir, Places& places, Instr& out) {
  for (uint8_t i = 0; i < std::size(kReductions); ++i) {
    if (ir.has(kReductions[i])) out.mode = i;
  }
  out.run = type_of(ir.mods.back()).kind == 's' ? reduce<int32_t> : reduce<uint32_t>;
  out.o[0] = places.place(ir.args.at(0), 4);
  out.o[1] = places.place(ir.args.at(1), 4);
  set_members(ir.args.at(2), places, out);
}

// o: result and predicate of bar.red, barrier, threads (or kNone)
void decode_barrier(const Ir& ir, Places& places, Instr& out) {
  if (ir.has("warp")) {
    set_members(ir.args.at(0), places, out);
    out.run = warp_barrier;
    return;
  }
  if (ir.has("arrive") || ir.has("cluster")) unknown(ir);
  out.kind = Kind::barrier;
  out.run = nothing;
  size_t at = 0;
  out.o[0] = out.o[1] = out.o[3] = Instr::kNone;
  if (ir.has("red")) {
    out.mode = ir.has("popc") ? kCount : ir.has("and") ? kAll : kAny;
    out.o[0] = places.place(ir.args.at(at++), out.mode == kCount ? 4 : 1);
  }
  out.o[2] = places.place(ir.args.at(at++), 4);
  const size_t left = ir.args.size() - at;
  const bool reduces = out.mode != kNoReduction;
  if (left > (reduces ? 1u : 0u)) out.o[3] = places.place(ir.args.at(at++), 4);
  if (reduces) {
    out.o[1] = places.place(ir.args.at(at), 1);
    out.offset = ir.args[at].negated ? 1 : 0;
  }
}

}  // namespace

bool decode_warp(const Ir& ir, Places& places, Instr& out) {
  const std::string& base = ir.mods[0];
  if (base == "shfl") {
    decode_shuffle(ir, places, out);
  } else if (base == "vote") {
    decode_vote(ir, places, out);
  } else if (base == "activemask") {
    out.run = active_mask;
    out.o[0] = places.place(ir.args.at(0), 4);
  } else if (base == "redux") {
    decode_reduction(ir, places, out);
  } else if (base == "bar" || base == "barrier") {
    decode_barrier(ir, places, out);
  } else {
    return false;
  }
  return true;
}

}  // namespace pg::ptx
