// access.cpp: where an access goes, and reports of bad addresses.
#include "tests/ptx/interpreter/access.h"

#include <sstream>

#include "tests/ptx/interpreter/address_range.h"

namespace pg::ptx {

Space space_of(const Ir& ir) {
  if (ir.has("global") || ir.has("const")) return global;
  if (ir.has("shared") || ir.has("shared::cta")) return shared;
  if (ir.has("local")) return local;
  if (ir.has("param") || ir.has("param::entry")) return param;
  return generic;
}

void set_address(const Operand& o, Places& places, Instr& out) {
  out.offset = o.value;
  out.width2 = 0;
  if (o.reg_id < 0) return;
  const Operand base = register_operand(o.reg_id);
  out.width2 = places.width_of(base);
  out.o[0] = places.place(base, out.width2);
}

void bad_address(uint64_t address, uint32_t size, const char* verb, int lane) {
  std::ostringstream s;
  s << verb << " global memory " << (address % size != 0 ? "misaligned" : "out of bounds")
    << ": address " << hex(address) << ", " << size << " bytes";
  if (const Allocation* const a = find_allocation(address)) {
    s << ", byte " << address - a->begin << " of an allocation of " << a->end - a->begin << " bytes"
      << (a->freed ? " that has been freed" : "");
  }
  throw LaneFault{s.str(), lane};
}

}  // namespace pg::ptx
