// comparison.cpp: setp and selp.
#include "tests/ptx/interpreter/decoder.h"

namespace pg::ptx {
namespace {

enum Compare : uint8_t { eq, ne, lt, le, gt, ge, equ, neu, ltu, leu, gtu, geu, num, nan };

const std::map<std::string, Compare>& comparisons() {
  static const std::map<std::string, Compare> names = {
      {"eq", eq},   {"ne", ne},   {"lt", lt},   {"le", le},   {"gt", gt},   {"ge", ge},
      {"lo", lt},   {"ls", le},   {"hi", gt},   {"hs", ge},   {"equ", equ}, {"neu", neu},
      {"ltu", ltu}, {"leu", leu}, {"gtu", gtu}, {"geu", geu}, {"num", num}, {"nan", nan}};
  return names;
}

template <uint8_t kCompare, class T>
bool compare(T a, T b) {
  const bool less = a<b, greater = a> b;
  const bool unordered = std::is_floating_point_v<T> && !(a <= b) && !(a >= b);
  switch (kCompare) {
    case eq:
      return !less && !greater && !unordered;
    case ne:
      return less || greater;
    case lt:
      return less;
    case le:
      return a <= b;
    case gt:
      return greater;
    case ge:
      return a >= b;
    case equ:
      return !less && !greater;
    case neu:
      return less || greater || unordered;
    case ltu:
      return !(a >= b);
    case leu:
      return !greater;
    case gtu:
      return !(a <= b);
    case geu:
      return !less;
    case num:
      return !unordered;
    default:
      return unordered;
  }
}

enum Combine : uint8_t { alone, with_and, with_or, with_xor };
uint32_t combine(uint8_t mode, uint32_t p, uint32_t c) {
  return mode == with_and ? p & c : mode == with_or ? p | c : mode == with_xor ? p ^ c : p;
}

// o: p, a, b, q (or kNone), c; mode: Combine; offset: c is negated.
template <uint8_t kCompare, class T>
void set_predicate(Warp& w, const Instr& i, uint32_t mask) {
  const T *const a = lanes_of<T>(w, i.o[1]), *const b = lanes_of<T>(w, i.o[2]);
  const uint32_t p = which([&](int lane) { return compare<kCompare>(a[lane], b[lane]); });
  const uint32_t c = i.mode == alone ? 0 : predicate(w, i.o[4]) ^ (i.offset != 0 ? ~0u : 0);
  merge(predicate(w, i.o[0]), combine(i.mode, p, c), mask);
  if (i.o[3] != Instr::kNone) merge(predicate(w, i.o[3]), combine(i.mode, ~p, c), mask);
}
template <class T, uint8_t kFirst = 0>
Handler comparison(uint8_t which) {
  if constexpr (kFirst <= nan) {
    return which == kFirst ? set_predicate<kFirst, T> : comparison<T, kFirst + 1>(which);
  } else {
    return nullptr;
  }
}

// o: d, a, b, p; offset: p is negated.
template <class T>
void select(Warp& w, const Instr& i, uint32_t mask) {
  const uint32_t p = predicate(w, i.o[3]) ^ (i.offset != 0 ? ~0u : 0);
  T* const d = lanes_of<T>(w, i.o[0]);
  const T *const a = lanes_of<T>(w, i.o[1]), *const b = lanes_of<T>(w, i.o[2]);
  if (mask == ~0u) {
#pragma GCC ivdep
    for (int lane = 0; lane < 32; ++lane) d[lane] = (p >> lane & 1) != 0 ? a[lane] : b[lane];
    return;
  }
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    d[lane] = (p >> lane & 1) != 0 ? a[lane] : b[lane];
  }
}

class Comparison : Decoder {
 public:
  using Decoder::Decoder;

  bool run() { return base_ == "selp" ? selection() : base_ == "setp" && set(); }

 private:
  bool selection() {
    for (size_t i = 0; i < 3; ++i) place(i, i, width());
    place(3, 3, 1);
    out_.offset = ir_.args[3].negated ? 1 : 0;
    return Decoder::run(for_bits(type_, []<class T>() -> Handler { return select<T>; }));
  }

  bool set() {
    const auto name = comparisons().find(ir_.mods.at(1));
    if (name == comparisons().end() || ir_.has("ftz")) unknown(ir_);
    place(0, 0, 1);
    place(1, 1, width());
    place(2, 2, width());
    out_.o[3] = Instr::kNone;
    if (ir_.args[0].second >= 0) {
      out_.o[3] = places_.place(register_operand(ir_.args[0].second), 1);
    }
    const std::string& with = ir_.mods.at(2);
    out_.mode = with == "and"   ? with_and
                : with == "or"  ? with_or
                : with == "xor" ? with_xor
                                : alone;
    if (out_.mode != alone) {
      place(4, 3, 1);
      out_.offset = ir_.args[3].negated ? 1 : 0;
    }
    return Decoder::run(
        for_number(type_, [&]<class T>() -> Handler { return comparison<T>(name->second); }));
  }
};

}  // namespace

bool decode_comparison(const Ir& ir, Places& places, Instr& out) {
  return Comparison(ir, places, out).run();
}

}  // namespace pg::ptx
