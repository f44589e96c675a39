// kernel_time.h: the estimated time of a launch.
//
// A processor runs blocks in waves. A wave takes as long as its slowest resource (tensor cores,
// shared memory, instructions, L2 cache) plus a share of the second slowest, or as long as one
// block alone if nothing else fills the time its steps wait; a launch takes at least the time of
// its traffic to memory, plus the gap between two kernels. assumptions.h and gpu_rates.h hold the
// numbers. The model is for comparing states of the code: expect its times to be off by 25 %, and
// ratios by less.
#pragma once

#include <cmath>

#include "bench/model/gpu_rates.h"
#include "bench/model/recorded_call.h"

namespace pg::bench {

enum class Bound : uint8_t {
  tensor_cores,
  shared_memory,
  instructions,
  cache,
  memory,
  latency,
  gap
};
const char* name_of(Bound bound);

struct Estimate {
  double seconds = 0;
  Bound bound = Bound::gap;
  double blocks_at_once = 0, waves = 0;  // of a processor; 0: not modelled
};

// A launch of a call.
struct ModelledLaunch {
  const ModelledGpu& gpu;
  const RecordedCall& call;
  const PlannedLaunch& launch;
  KernelName kernel;
  KernelCode code;

  double blocks() const {
    return static_cast<double>(launch.grid[0] * launch.grid[1] * launch.grid[2]);
  }
};

// Blocks that a processor holds at once.
double blocks_at_once(const ModelledLaunch& l);

// Clocks of each resource of a processor.
struct Demand {
  double tensor = 0, shared = 0, instructions = 0, cache = 0;

  double slowest() const;
  double second() const;
  Bound bound() const;
};

// The families on tensor cores (fprop.h, wgrad.h).
Estimate fprop_time(const ModelledLaunch& l);
Estimate strip_time(const ModelledLaunch& l);
Estimate wgrad_time(const ModelledLaunch& l);
// Bytes of the partial sums of a weight gradient, whose launch this is.
double wgrad_partial_bytes(const ModelledLaunch& l);

// Any other kernel, by its traffic.
Estimate traffic_time(const ModelledLaunch& l);

// Clocks of all waves, and their bound; `wave(k)`: clocks of a processor with k blocks.
template <typename F>
double clocks_of_waves(const ModelledLaunch& l, double at_once, F wave) {
  const double each = l.gpu.processors() * at_once;
  const double full = std::floor(l.blocks() / each), rest = l.blocks() - full * each;
  double clocks = full * wave(at_once);
  if (rest > 0) clocks += wave(std::ceil(rest / l.gpu.processors()));
  return clocks;
}

}  // namespace pg::bench
