// kernel_table.h: facts about compiled kernels that no launch tells. The tables kernels_*.inc are
// written from machine code by kernel_table.py, after changes of kernels.
#pragma once

#include <span>
#include <string_view>

#include "bench/model/kernel_name.h"

namespace pg::bench {

struct KernelCode {
  std::string_view name;
  double registers = 64;    // of a thread
  double instructions = 0;  // of a warp in one round of the main loop, with the next two
  double mma = 0;           // tensor core
  double ldmatrix = 0;      // 512 bytes each
  double copy = 0;          // around each cp.async outside of the main loop
};

enum class Machine : uint8_t { sm_80, sm_90a };

std::span<const KernelCode> kernel_table(Machine machine);

struct FoundCode {
  KernelCode code;
  bool known = false;
};

// The line of a kernel; without one, that of the name which begins with the same characters for
// longest, within its family and type, or 64 registers and no loop.
FoundCode code_of(std::span<const KernelCode> table, const KernelName& name);

}  // namespace pg::bench
