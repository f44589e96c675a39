// operands.cpp: registers, immediates, addresses, vectors and labels.
#include <cctype>

#include "tests/ptx/interpreter/body.h"

namespace pg::ptx {
namespace {

Operand immediate(std::string t, bool minus) {
  Operand o;
  if (t.starts_with("0f") || t.starts_with("0F") || t.starts_with("0d") || t.starts_with("0D")) {
    o.value = static_cast<int64_t>(std::stoull(t.substr(2), nullptr, 16));
  } else if (t.find('.') != std::string::npos) {
    o.floating = true;
    o.fraction = std::stod(t) * (minus ? -1 : 1);
  } else {
    if (t.back() == 'U') t.pop_back();
    o.value = static_cast<int64_t>(std::stoull(t, nullptr, 0));
    if (minus) o.value = -o.value;
  }
  return o;
}

}  // namespace

// "+8", "+-8": what follows a base.
void BodyParser::add_offsets(Lexer& lex, int64_t& value) {
  while (lex.token() == "+" || lex.token() == "-") {
    bool minus = lex.take() == "-";
    while (lex.accept("-")) minus = !minus;
    value += immediate(lex.take(), minus).value;
  }
}

Operand BodyParser::address_operand(Lexer& lex) {
  Operand o = operand(lex);
  if (o.kind != Operand::imm && o.kind != Operand::reg) fail("unknown symbol in an address");
  add_offsets(lex, o.value);
  lex.expect("]");
  o.kind = Operand::address;
  return o;
}

Operand BodyParser::operand(Lexer& lex) {
  Operand o;
  if (lex.accept("{")) {
    o.kind = Operand::vec;
    while (!lex.accept("}")) {
      o.parts.push_back(operand(lex));
      lex.accept(",");
    }
    return o;
  }
  if (lex.accept("[")) return address_operand(lex);
  const bool minus = lex.accept("-");
  o.negated = lex.accept("!");
  const std::string t = lex.take();
  if (std::isdigit(static_cast<unsigned char>(t[0])) != 0) return immediate(t, minus);
  if (t == "WARP_SZ") {
    o.value = 32;
  } else if (t == "_") {
    o.kind = Operand::label;
  } else if (const int id = register_of(t); id >= 0) {
    o.kind = Operand::reg;
    o.reg_id = id;
    if (lex.accept("|")) o.second = register_of(lex.take());
  } else if (address_of(t, o.value)) {
    add_offsets(lex, o.value);
  } else {
    o.kind = Operand::label;  // a label or a function
    o.value = static_cast<int64_t>(label(t));
  }
  return o;
}

}  // namespace pg::ptx
