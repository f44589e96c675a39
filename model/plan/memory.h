// memory.h: the memory that each resolution of a run needs on its device.
//
// Nothing is estimated: whole iterations and a grid of samples run on a device that only counts
// (kernels/planning.h), through the code that trains. Gan frees the memory of each resolution at
// the next one, so a resolution needs the same whether a run grew to it or was resumed there.
#pragma once

#include <functional>
#include <span>

#include "engine/tensor.h"
#include "kernels/planning.h"
#include "model/config/schedule.h"

namespace pg {

// Bytes, for one resolution, fading and stable.
struct ResolutionMemory {
  int64_t resolution = 4;
  int64_t minibatch = 0, micro_batch = 0;  // images
  int64_t parameters = 0;                  // of both networks
  int64_t optimizer = 0;                   // gradients, moments, EMA of G, and the real images
  int64_t steps = 0;                       // updates of D and G; the larger of:
  int64_t activations = 0;                 //   scores, and the update of G
  int64_t penalty = 0;                     //   gradient penalties, after the scores
  int64_t workspace = 0;                   // of kernels; that of cuDNN and cuBLASLt is unknown
  int64_t pictures = 0;                    // additional memory of sample grids on the device
  int64_t host = 0;  // program, loaded images, writing of grids or checkpoints; 0 on a GPU

  int64_t total() const { return parameters + optimizer + steps + workspace + pictures + host; }
};

// The run to plan: its stages from `first_image` on, with these arenas.
struct PlannedRun {
  std::function<std::unique_ptr<PlanningBackend>()> planner;
  int64_t first_image = 0;
  ArenaBlocks blocks = {};
};

// The stages of each resolution that show images from run.first_image on.
std::vector<std::vector<Stage>> stages_by_resolution(const Config& config, const PlannedRun& run);

// The memory of one resolution; `stages` are all of it. A device keeps the largest workspace it
// ever needed, so `device` must have planned the resolutions before, or none to count this one
// alone.
ResolutionMemory resolution_memory(const Config& config, std::span<const Stage> stages,
                                   const PlannedRun& run, PlanningBackend& device);

// All resolutions in their order.
std::vector<ResolutionMemory> memory_by_resolution(const Config& config, const PlannedRun& run);

// Of a checkpoint file, except for some kilobytes of names and settings.
int64_t checkpoint_bytes(const Config& config);

}  // namespace pg
