// decoder.h: the base of decoders for instructions that each lane runs by itself.
#pragma once

#include "tests/ptx/interpreter/lanes.h"

namespace pg::ptx {

// Handlers of d = Op(a), Op(a, b) and Op(a, b, c), all of type T.
template <class Op, class T>
void unary(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [](T a) { return Op::f(a); };
  each(mask, lanes_of<T>(w, i.o[0]), f, lanes_of<T>(w, i.o[1]));
}
template <class Op, class T>
void binary(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [](T a, T b) { return Op::f(a, b); };
  each(mask, lanes_of<T>(w, i.o[0]), f, lanes_of<T>(w, i.o[1]), lanes_of<T>(w, i.o[2]));
}
template <class Op, class T>
void ternary(Warp& w, const Instr& i, uint32_t mask) {
  const auto f = [](T a, T b, T c) { return Op::f(a, b, c); };
  each(mask, lanes_of<T>(w, i.o[0]), f, lanes_of<T>(w, i.o[1]), lanes_of<T>(w, i.o[2]),
       lanes_of<T>(w, i.o[3]));
}

// f.operator()<T>() for the C++ type of an instruction's type; null if it has none.
template <typename F>
Handler for_integer(Type t, F f) {
  if (t.kind == 's') {
    return t.bits == 16   ? f.template operator()<int16_t>()
           : t.bits == 32 ? f.template operator()<int32_t>()
           : t.bits == 64 ? f.template operator()<int64_t>()
                          : nullptr;
  }
  if (t.kind != 'u' && t.kind != 'b') return nullptr;
  return t.bits == 16   ? f.template operator()<uint16_t>()
         : t.bits == 32 ? f.template operator()<uint32_t>()
         : t.bits == 64 ? f.template operator()<uint64_t>()
                        : nullptr;
}
template <typename F>
Handler for_float(Type t, F f) {
  if (t.kind != 'f') return nullptr;
  return t.bits == 32 ? f.template operator()<float>() : f.template operator()<double>();
}
template <typename F>
Handler for_number(Type t, F f) {
  return t.kind == 'f' ? for_float(t, f) : for_integer(t, f);
}
template <typename F>
Handler for_bits(Type t, F f) {  // whatever the kind
  return t.bits == 16   ? f.template operator()<uint16_t>()
         : t.bits == 32 ? f.template operator()<uint32_t>()
         : t.bits == 64 ? f.template operator()<uint64_t>()
                        : nullptr;
}

enum Rounding : uint8_t { none, rn, rz, rm, rp, rni, rzi, rmi, rpi, rna };
Rounding rounding_of(const Ir& ir);

class Decoder {
 public:
  Decoder(const Ir& ir, Places& places, Instr& out)
      : ir_(ir), places_(places), out_(out), base_(ir.mods[0]), type_(type_of(ir.mods.back())) {}

 protected:
  uint8_t width() const { return static_cast<uint8_t>(type_.bits / 8); }
  void place(size_t to, size_t arg, uint8_t width) {
    out_.o[to] = places_.place(ir_.args.at(arg), width);
  }
  // All n operands, of the instruction's width.
  void operands(size_t n) {
    if (ir_.args.size() != n) {
      fail(ir_.op + " with " + std::to_string(ir_.args.size()) + " operands");
    }
    for (size_t i = 0; i < n; ++i) place(i, i, width());
  }
  // The handler for n operands; always true, because no other decoder has the instruction.
  bool with(size_t n, Handler h) {
    operands(n);
    return run(h);
  }
  bool run(Handler h) {
    if (h == nullptr) unknown(ir_);
    out_.run = h;
    return true;
  }

  template <class Op>
  bool number2() {
    return with(3, for_number(type_, []<class T>() -> Handler { return binary<Op, T>; }));
  }
  template <class Op>
  bool integer2() {
    return with(3, for_integer(type_, []<class T>() -> Handler { return binary<Op, T>; }));
  }
  template <class Op>
  bool bits2() {
    return with(3, for_bits(type_, []<class T>() -> Handler { return binary<Op, T>; }));
  }
  template <class Op>
  bool number1() {
    return with(2, for_number(type_, []<class T>() -> Handler { return unary<Op, T>; }));
  }
  template <class Op>
  bool float1() {
    return with(2, for_float(type_, []<class T>() -> Handler { return unary<Op, T>; }));
  }

  const Ir& ir_;
  Places& places_;
  Instr& out_;
  const std::string& base_;
  Type type_;
};

}  // namespace pg::ptx
