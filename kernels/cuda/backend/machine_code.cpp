// machine_code.cpp: compares a compute capability with the architectures of the build.
#include "kernels/cuda/backend/machine_code.h"

#include <charconv>

namespace pg::cuda {
namespace {

// One architecture as CMake names it: 90, 90a-real, 90-virtual; without an ending, both.
struct Built {
  int number = 0;  // 10 major + minor
  bool specific = false, real = false, virtual_code = false;
};

Built parse(std::string_view text) {
  Built b;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), b.number).ptr;
  const std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  b.specific = rest.starts_with('a');
  b.real = !rest.ends_with("-virtual");
  b.virtual_code = !rest.ends_with("-real");
  return b;
}

}  // namespace

MachineCode machine_code(ComputeCapability gpu, std::string_view built) {
  const int number = 10 * gpu.major + gpu.minor;
  MachineCode best = MachineCode::missing;
  while (!built.empty()) {
    const size_t comma = built.find(',');
    const Built b = parse(built.substr(0, comma));
    built = comma == std::string_view::npos ? "" : built.substr(comma + 1);
    const bool same =
        b.specific ? b.number == number : b.number / 10 == gpu.major && b.number <= number;
    if (b.real && same) return MachineCode::present;
    const bool can = b.specific ? b.number == number : b.number <= number;
    if (b.virtual_code && can) best = MachineCode::compiled_by_driver;
  }
  return best;
}

MachineCode machine_code(ComputeCapability gpu) { return machine_code(gpu, PG_CUDA_ARCHITECTURES); }

}  // namespace pg::cuda
