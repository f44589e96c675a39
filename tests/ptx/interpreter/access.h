// access.h: addresses of lanes, checked, for loads, stores, atomics and copies.
#pragma once

#include "tests/ptx/interpreter/lanes.h"
#include "tests/ptx/interpreter/memory.h"

namespace pg::ptx {

enum Space : uint8_t { generic, global, shared, local, param };
Space space_of(const Ir& ir);

// o[0], width2 and offset of an instruction: base, its width (0: none), and what is added.
void set_address(const Operand& o, Places& places, Instr& out);
inline uint64_t address_of(Warp& w, const Instr& i, int lane) {
  const uint64_t base = i.width2 == 0   ? 0
                        : i.width2 == 4 ? lanes_of<uint32_t>(w, i.o[0])[lane]
                                        : lanes_of<uint64_t>(w, i.o[0])[lane];
  const uint64_t sum = base + static_cast<uint64_t>(i.offset);
  return i.width2 == 4 ? sum & 0xFFFFFFFF : sum;
}

// Throws LaneFault: the access is misaligned or outside of any allocation.
[[noreturn]] void bad_address(uint64_t address, uint32_t size, const char* verb, int lane);

// An address in global memory, checked.
inline char* global_at(const Instr& i, uint64_t address, uint32_t size, const char* verb,
                       int lane) {
  const Allocation* a = i.last;
  if (a == nullptr || address < a->begin || address + size > a->end || a->freed) {
    a = find_allocation(address);
    if (a == nullptr || address + size > a->end || a->freed) bad_address(address, size, verb, lane);
    i.last = a;
  }
  if (address % size != 0) bad_address(address, size, verb, lane);
  return reinterpret_cast<char*>(address);
}

// Errors of f become errors of the lane.
template <typename F>
inline auto guarded(int lane, F f) {
  try {
    return f();
  } catch (const Error& e) {
    throw LaneFault{e.what(), lane};
  }
}

}  // namespace pg::ptx
