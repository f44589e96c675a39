// gpu_rates.cpp: the table of rates.
#include "bench/model/gpu_rates.h"

#include "kernels/error.h"
#include "model/config/suggest.h"
#include "model/device/gpu_models.h"

namespace pg::bench {
namespace {

constexpr double kKilo = 1024;
constexpr double kTera = 1e12;

constexpr GpuRates kRates[] = {
    {.name = "h200",
     .machine = Machine::sm_90a,
     .overlaps = true,
     .clock = 1.70e9,
     .memory = 4.0 * kTera,
     .cache = 5.6 * kTera,
     .cached_bytes = 60e6,
     .cached = 5.5 * kTera,
     .bf16_macs = 1270,  // 62 % of the peak, which needs wgmma
     .tf32_macs = 635,
     .shared_bytes = 228 * kKilo,
     .threads = 2048,
     .blocks = 32,
     .bf16_peaks = {.bytes_per_second = 4.3 * kTera, .flops = 790 * kTera},
     .tf32_peaks = {.bytes_per_second = 4.3 * kTera, .flops = 400 * kTera}},
    {.name = "a100",
     .machine = Machine::sm_80,
     .overlaps = false,
     .clock = 1.41e9,
     .memory = 1.30 * kTera,
     .cache = 3.8 * kTera,  // bytes per clock of a processor as on the H200
     .cached_bytes = 48e6,
     .cached = 3.7 * kTera,
     .bf16_macs = 900,  // 88 % of the peak
     .tf32_macs = 450,
     .shared_bytes = 164 * kKilo,
     .threads = 2048,
     .blocks = 32,
     .bf16_peaks = {.bytes_per_second = 1.39 * kTera, .flops = 275 * kTera},
     .tf32_peaks = {.bytes_per_second = 1.39 * kTera, .flops = 137 * kTera}},
    {.name = "rtx4090",
     .machine = Machine::sm_80,
     .overlaps = false,
     .clock = 2.52e9,
     .memory = 0.84 * kTera,
     .cache = 4.5 * kTera,
     .cached_bytes = 86e6,
     .cached = 4.4 * kTera,
     .bf16_macs = 235,  // 92 % of the peak
     .tf32_macs = 118,
     .shared_bytes = 100 * kKilo,
     .threads = 1536,
     .blocks = 24,
     .bf16_peaks = {.bytes_per_second = 0.90 * kTera, .flops = 157 * kTera},
     .tf32_peaks = {.bytes_per_second = 0.90 * kTera, .flops = 78 * kTera}},
    {.name = "rtx3090",
     .machine = Machine::sm_80,
     .overlaps = false,
     .clock = 1.70e9,
     .memory = 0.78 * kTera,
     .cache = 1.9 * kTera,
     .cached_bytes = 7e6,
     .cached = 1.8 * kTera,
     .bf16_macs = 235,  // 92 % of the peak
     .tf32_macs = 118,
     .shared_bytes = 100 * kKilo,
     .threads = 1536,
     .blocks = 16,
     .bf16_peaks = {.bytes_per_second = 0.84 * kTera, .flops = 67 * kTera},
     .tf32_peaks = {.bytes_per_second = 0.84 * kTera, .flops = 33 * kTera}},
};

}  // namespace

std::vector<std::string> modelled_gpus() {
  std::vector<std::string> names;
  for (const GpuRates& rates : kRates) names.emplace_back(rates.name);
  return names;
}

ModelledGpu modelled_gpu(std::string_view name) {
  for (const GpuRates& rates : kRates) {
    if (rates.name == name) return {gpu_model(rates.name), rates};
  }
  throw_unknown("GPU", name, modelled_gpus());
}

}  // namespace pg::bench
