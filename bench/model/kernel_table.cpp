// kernel_table.cpp: the tables of machine code, and the line for a kernel.
#include "bench/model/kernel_table.h"

#include <algorithm>

namespace pg::bench {
namespace {

constexpr KernelCode kAmpere[] = {
#include "bench/model/kernels_sm_80.inc"
};
constexpr KernelCode kHopper[] = {
#include "bench/model/kernels_sm_90a.inc"
};

size_t same_start(std::string_view a, std::string_view b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<size_t>(end.first - a.begin());
}

}  // namespace

std::span<const KernelCode> kernel_table(Machine machine) {
  if (machine == Machine::sm_80) return kAmpere;
  return kHopper;
}

FoundCode code_of(std::span<const KernelCode> table, const KernelName& name) {
  FoundCode best;
  size_t longest = 0;
  for (const KernelCode& code : table) {
    if (code.name == name.text) return {code, true};
    const KernelName other = parse_kernel_name(code.name);
    if (other.family != name.family || other.bf16 != name.bf16) continue;
    const size_t same = same_start(code.name, name.text);
    if (same > longest) best.code = code;
    longest = std::max(longest, same);
  }
  return best;
}

}  // namespace pg::bench
