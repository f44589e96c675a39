// kernel_time.cpp: shared parts of the model, and the kernels that only move data.
#include "bench/model/kernel_time.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/model/assumptions.h"

namespace pg::bench {
namespace {

// f32 parts of split sums, the result, and the gate.
double traffic_of_parts(const ModelledLaunch& l) {
  const CallOperand& result = l.call.at(l.call.name == "conv2d" ? "y" : "dx");
  double parts = 1;
  for (const PlannedLaunch& other : l.call.launches) {
    if (other.kernel != l.launch.kernel) {
      parts = std::max(parts, static_cast<double>(other.grid[1]));
    }
  }
  return static_cast<double>(result.shape.numel()) * 4 * parts +
         result.bytes() * (l.call.has("gate") ? 2 : 1);
}

double traffic(const ModelledLaunch& l) {
  const RecordedCall& c = l.call;
  if (c.name == "conv2d") return 2 * c.at("y").bytes();  // the norm as a launch of its own
  if (c.name == "conv2d_input_grad") return 3 * c.at("dx").bytes();
  return c.bytes();
}

Estimate at(double seconds, Bound bound) { return {.seconds = seconds, .bound = bound}; }

bool is_one_of(const ModelledLaunch& l, std::initializer_list<std::string_view> families) {
  return std::find(families.begin(), families.end(), l.kernel.family) != families.end();
}

}  // namespace

const char* name_of(Bound bound) {
  constexpr std::array<const char*, 7> kNames{
      "tensor cores", "shared memory", "instructions", "L2 cache", "memory", "latency", "gaps"};
  return kNames[static_cast<size_t>(bound)];
}

double Demand::slowest() const { return std::max({tensor, shared, instructions, cache}); }

double Demand::second() const {
  std::array<double, 4> all{tensor, shared, instructions, cache};
  std::sort(all.begin(), all.end());
  return all[2];
}

Bound Demand::bound() const {
  const double most = slowest();
  if (tensor == most) return Bound::tensor_cores;
  if (shared == most) return Bound::shared_memory;
  return instructions == most ? Bound::instructions : Bound::cache;
}

double blocks_at_once(const ModelledLaunch& l) {
  constexpr double kRegisterUnit = 8;
  const GpuRates& g = l.gpu.rates;
  const auto threads = static_cast<double>(l.launch.threads);
  const double registers = std::ceil(l.code.registers / kRegisterUnit) * kRegisterUnit * threads;
  const double shared = static_cast<double>(l.launch.smem) + assumed::kBlockOverhead;
  const double blocks =
      std::min({std::floor(assumed::kRegisters / registers), std::floor(g.shared_bytes / shared),
                std::floor(g.threads / threads), g.blocks});
  return std::max(1.0, blocks);
}

Estimate traffic_time(const ModelledLaunch& l) {
  const GpuRates& g = l.gpu.rates;
  const double kGap = assumed::kGap;
  if (l.call.name == "copy") return at(l.call.bytes() / g.memory + kGap, Bound::memory);
  if (is_one_of(l, {"expand_kernel", "contract_kernel", "rgb_wgrad_kernel"})) {
    return at(l.call.bytes() / (assumed::kRgbShare * g.memory) + kGap, Bound::memory);
  }
  if (is_one_of(l, {"tensor_matmul_kernel", "row_dot_kernel", "sum_chunks_kernel"})) {
    const double seconds = l.call.bytes() / (assumed::kDenseShare * g.memory);
    return at(seconds + assumed::kSmallKernel, Bound::gap);
  }
  if (is_one_of(l, {"adam_kernel", "adam_with_filters_kernel"})) {
    const auto count = static_cast<double>(l.call.at("w").shape.numel());
    return at(count * assumed::kAdamBytes / (assumed::kAdamShare * g.memory) + kGap, Bound::memory);
  }
  if (l.kernel.family == "check_chunks_kernel") {
    return at(l.call.at("g").bytes() / (assumed::kCheckShare * g.memory) + kGap, Bound::memory);
  }
  if (l.kernel.family == "grad_check_kernel") return at(assumed::kGradCheck, Bound::gap);
  if (l.kernel.family == "fprop_sums_kernel") {
    const double bytes = traffic_of_parts(l);
    const double rate = bytes > assumed::kSumsCached * g.cached_bytes
                            ? assumed::kPartsShare * g.memory
                            : assumed::kPartsCachedShare * g.cached;
    return at(bytes / rate + kGap + assumed::kPartsStart, Bound::memory);
  }
  const double bytes = traffic(l);
  const double seconds = bytes / (bytes > g.cached_bytes ? g.memory : g.cached);
  return at(seconds + kGap, seconds > kGap / 4 ? Bound::memory : Bound::gap);
}

}  // namespace pg::bench
