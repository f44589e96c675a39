// gpu_rates.h: the GPUs that the model knows, with the rates that it assumes of them.
//
// None has been measured by this program. Those of the H200 are published measurements; those of
// the others are their makers' figures times the share of its maker's figure that the H200 reaches,
// or published microbenchmarks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/model/kernel_table.h"
#include "bench/timing.h"
#include "kernels/planning.h"

namespace pg::bench {

struct GpuRates {
  std::string_view name;  // as for plan --gpu
  Machine machine;        // the machine code that it runs
  bool overlaps;          // kernels start while those before them end
  double clock;           // Hz
  double memory;          // bytes per second that kernels reach
  double cache;           // bytes per second from the L2 cache
  double cached_bytes;    // operands of a call up to which they are in the L2 cache
  double cached;          // bytes per second of elementwise kernels on such operands
  double bf16_macs;       // multiply-adds per clock of a processor's tensor cores
  double tf32_macs;
  double shared_bytes;           // shared memory of a processor, all blocks together
  double threads, blocks;        // most that a processor holds
  Peaks bf16_peaks, tf32_peaks;  // for the floor: of the best libraries

  double macs(bool bf16) const { return bf16 ? bf16_macs : tf32_macs; }
};

std::vector<std::string> modelled_gpus();

struct ModelledGpu {
  GpuModel model;  // what launchers know of it
  GpuRates rates;

  double processors() const { return static_cast<double>(model.processors); }
  // Of one processor in one clock, if all use the memory.
  double memory_per_clock() const { return rates.memory / processors() / rates.clock; }
  double cache_per_clock() const { return rates.cache / processors() / rates.clock; }
};

// Throws UsageError for an unknown name.
ModelledGpu modelled_gpu(std::string_view name);

}  // namespace pg::bench
