// decode.cpp: types, roundings, and the decoder that knows an instruction.
#include "tests/ptx/interpreter/decoder.h"

namespace pg::ptx {
namespace {

// Instructions without an effect here: memory is sequentially consistent, time does not pass.
bool decode_nothing(const Ir& ir, Places&, Instr& out) {
  static constexpr std::string_view kNothing[] = {"membar",         "fence",    "nanosleep",
                                                  "griddepcontrol", "prefetch", "prefetchu"};
  for (const std::string_view name : kNothing) {
    if (ir.mods[0] == name) out.run = [](Warp&, const Instr&, uint32_t) {};
  }
  if (ir.mods[0] == "trap") {
    out.run = [](Warp&, const Instr&, uint32_t mask) {
      throw LaneFault{"trap", std::countr_zero(mask)};
    };
  }
  return out.run != nullptr;
}

}  // namespace

Type type_of(const std::string& mod) {
  static const std::map<std::string, Type> types = {
      {"u8", {'u', 8}},    {"u16", {'u', 16}},  {"u32", {'u', 32}},   {"u64", {'u', 64}},
      {"s8", {'s', 8}},    {"s16", {'s', 16}},  {"s32", {'s', 32}},   {"s64", {'s', 64}},
      {"b8", {'b', 8}},    {"b16", {'b', 16}},  {"b32", {'b', 32}},   {"b64", {'b', 64}},
      {"f16", {'h', 16}},  {"f32", {'f', 32}},  {"f64", {'f', 64}},   {"pred", {'p', 1}},
      {"bf16", {'B', 16}}, {"tf32", {'t', 32}}, {"f16x2", {'h', 32}}, {"bf16x2", {'B', 32}}};
  const auto it = types.find(mod);
  return it == types.end() ? Type{} : it->second;
}

Rounding rounding_of(const Ir& ir) {
  static const std::map<std::string, Rounding> names = {{"rn", rn},   {"rz", rz},   {"rm", rm},
                                                        {"rp", rp},   {"rni", rni}, {"rzi", rzi},
                                                        {"rmi", rmi}, {"rpi", rpi}, {"rna", rna}};
  for (const std::string& m : ir.mods) {
    if (const auto it = names.find(m); it != names.end()) return it->second;
  }
  return none;
}

void decode(const Ir& ir, Places& places, Instr& out) {
  static constexpr decltype(&decode_move) kDecoders[] = {
      decode_memory,      decode_copies,     decode_atomics, decode_warp,
      decode_tensor_core, decode_arithmetic, decode_bits,    decode_comparison,
      decode_conversion,  decode_move,       decode_nothing};
  for (const auto decoder : kDecoders) {
    if (decoder(ir, places, out)) return;
  }
  unknown(ir);
}

}  // namespace pg::ptx
