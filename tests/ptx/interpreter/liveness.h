// liveness.h: which registers instructions use, and where each register is alive.
#pragma once

#include <vector>

#include "tests/ptx/interpreter/body.h"

namespace pg::ptx {

struct Uses {
  std::vector<int> read, written;  // ids of registers
};
// A guard is read; registers that a guarded instruction writes are not counted as read.
Uses uses_of(const Ir& ir);
std::vector<int> registers_in(const Operand& o);

// One interval of instructions for each register, which covers all places where it is alive.
struct Lives {
  std::vector<int> first, last;  // -1: never used
  std::vector<int> at_entry;     // alive there: some path reads them unwritten
};
Lives lives_of(const Body& body);

}  // namespace pg::ptx
