// shared_variables.h: the __shared__ variables of the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pg::simt {

struct SharedVariable {
  uintptr_t address;
  size_t bytes;
  std::string name;
};

const std::vector<SharedVariable>& shared_variables();

// Fills them with 0xFF, as every block finds them.
void poison_shared_variables();

}  // namespace pg::simt
