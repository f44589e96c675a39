// ir.h: statements as the parser leaves them, before their registers have places.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/ptx/interpreter/code.h"

namespace pg::ptx {

struct Operand {
  enum Kind : uint8_t { reg, imm, address, vec, label } kind = imm;
  int reg_id = -1;             // reg; of an address: its base register, or -1
  int second = -1;             // the q of p|q
  bool negated = false;        // !p
  bool floating = false;       // an immediate written as a decimal fraction
  int64_t value = 0;           // imm: bits; address: offset; label: its number
  double fraction = 0;         // of a floating immediate
  std::vector<Operand> parts;  // vec
};
inline Operand register_operand(int id) {
  Operand o;
  o.kind = Operand::reg;
  o.reg_id = id;
  return o;
}

struct Ir {
  int guard = -1;
  bool negated = false;
  std::string op;                 // "ld.global.v4.f32"
  std::vector<std::string> mods;  // its parts: "ld", "global", "v4", "f32"
  std::vector<Operand> args;
  uint32_t line = 0;
  std::string source;

  bool has(std::string_view mod) const {
    for (const std::string& m : mods) {
      if (m == mod) return true;
    }
    return false;
  }
  bool ends_block() const { return mods[0] == "bra" || mods[0] == "ret" || mods[0] == "exit"; }
  // True if the first operand is written.
  bool writes() const {
    static constexpr std::string_view kNothing[] = {
        "st", "red",  "bra",      "ret",       "exit",           "membar",  "fence",
        "cp", "trap", "prefetch", "nanosleep", "griddepcontrol", "discard", "applypriority"};
    for (const std::string_view name : kNothing) {
      if (mods[0] == name) return false;
    }
    return (mods[0] != "bar" && mods[0] != "barrier") || has("red");
  }
};
[[noreturn]] inline void unknown(const Ir& ir) { fail("unknown instruction: " + ir.op); }

// Gives the operands of an instruction places; width in bytes of a lane, 1: predicate.
class Places {
 public:
  virtual ~Places() = default;
  virtual uint32_t place(const Operand& o, uint8_t width) = 0;  // immediates become constants
  virtual uint8_t width_of(const Operand& o) const = 0;         // 0: an immediate
};

struct Type {
  char kind = 0;  // u, s, b, f, p, h (f16), B (bf16), t (tf32); 0: not a type
  int bits = 0;
};
Type type_of(const std::string& mod);

// Finds the handler of an instruction and places its operands. Each of the others returns true if
// the instruction is its own.
void decode(const Ir& ir, Places& places, Instr& out);
bool decode_memory(const Ir& ir, Places& places, Instr& out);
bool decode_copies(const Ir& ir, Places& places, Instr& out);
bool decode_atomics(const Ir& ir, Places& places, Instr& out);
bool decode_warp(const Ir& ir, Places& places, Instr& out);
bool decode_tensor_core(const Ir& ir, Places& places, Instr& out);
bool decode_arithmetic(const Ir& ir, Places& places, Instr& out);
bool decode_bits(const Ir& ir, Places& places, Instr& out);
bool decode_comparison(const Ir& ir, Places& places, Instr& out);
bool decode_conversion(const Ir& ir, Places& places, Instr& out);
bool decode_move(const Ir& ir, Places& places, Instr& out);

}  // namespace pg::ptx
