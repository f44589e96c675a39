// moves.cpp: mov, vectors to and from wider registers, cvta.
#include "tests/ptx/interpreter/decoder.h"

namespace pg::ptx {
namespace {

template <class T>
void move(Warp& w, const Instr& i, uint32_t mask) {
  each(
      mask, lanes_of<T>(w, i.o[0]), [](T a) { return a; }, lanes_of<T>(w, i.o[1]));
}

template <class Part, class Whole>
struct Parts {
  static constexpr size_t kCount = sizeof(Whole) / sizeof(Part);
  Part part[kCount];
};
// o: the whole, its parts (or kNone)
template <class Part, class Whole>
void pack(Warp& w, const Instr& i, uint32_t mask) {
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    Parts<Part, Whole> parts;
    for (size_t k = 0; k < parts.kCount; ++k) {
      parts.part[k] = lanes_of<Part>(w, i.o[1 + k])[lane];
    }
    lanes_of<Whole>(w, i.o[0])[lane] = std::bit_cast<Whole>(parts);
  }
}
template <class Part, class Whole>
void unpack(Warp& w, const Instr& i, uint32_t mask) {
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    const auto parts = std::bit_cast<Parts<Part, Whole>>(lanes_of<Whole>(w, i.o[0])[lane]);
    for (size_t k = 0; k < parts.kCount; ++k) {
      if (i.o[1 + k] != Instr::kNone) lanes_of<Part>(w, i.o[1 + k])[lane] = parts.part[k];
    }
  }
}

// d = a + offset
void add_offset(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [&](uint64_t a) { return a + static_cast<uint64_t>(i.offset); };
  each(mask, lanes_of<uint64_t>(w, i.o[0]), f, lanes_of<uint64_t>(w, i.o[1]));
}

class Move : Decoder {
 public:
  using Decoder::Decoder;

  bool run() {
    if (base_ == "cvta") return address();
    if (base_ != "mov") return false;
    const bool packs = ir_.args.at(1).kind == Operand::vec;
    if (packs || ir_.args[0].kind == Operand::vec) return vector(packs);
    return with(2, for_bits(type_, []<class T>() -> Handler { return move<T>; }));
  }

 private:
  // To or from the window of a state space in the generic addresses.
  bool address() {
    if (type_.bits != 64) unknown(ir_);
    const uint64_t window = ir_.has("shared") ? kSharedWindow : ir_.has("local") ? kLocalWindow : 0;
    const auto offset = static_cast<int64_t>(window);
    out_.offset = ir_.has("to") ? -offset : offset;
    return with(2, add_offset);
  }

  bool vector(bool packs) {
    const std::vector<Operand>& parts = ir_.args[packs ? 1 : 0].parts;
    const auto part = static_cast<uint8_t>(width() / parts.size());
    place(0, packs ? 0 : 1, width());
    for (size_t k = 0; k < parts.size(); ++k) {
      out_.o[1 + k] =
          parts[k].kind == Operand::label ? Instr::kNone : places_.place(parts[k], part);
    }
    if (width() == 4 && part == 2) return run_pack<uint16_t, uint32_t>(packs);
    if (width() == 8 && part == 4) return run_pack<uint32_t, uint64_t>(packs);
    if (width() == 8 && part == 2) return run_pack<uint16_t, uint64_t>(packs);
    unknown(ir_);
  }
  template <class Part, class Whole>
  bool run_pack(bool packs) {
    return Decoder::run(packs ? pack<Part, Whole> : unpack<Part, Whole>);
  }
};

}  // namespace

bool decode_move(const Ir& ir, Places& places, Instr& out) { return Move(ir, places, out).run(); }

}  // namespace pg::ptx
