// memory.h: what each stage of a run needs of its device's memory.
//
// Nothing is estimated: whole iterations, and a picture, run on a device that only counts
// (kernels/planning.h), through the same code that trains. Gan gives back at each new resolution
// what the one before held, so a stage needs the same whether a run grew to it or was resumed.
#pragma once

#include <functional>
#include <span>

#include "engine/tensor.h"
#include "kernels/planning.h"
#include "model/config/schedule.h"

namespace pg {

// Bytes, for one resolution with and without its fade.
struct ResolutionMemory {
  int64_t resolution = 4;
  int64_t minibatch = 0, micro_batch = 0;  // images
  int64_t parameters = 0;                  // of both networks
  int64_t optimizer = 0;    // gradients, moments, averaged generator; and the real images
  int64_t steps = 0;        // of D and G; what of them takes most:
  int64_t activations = 0;  //   scores and the step of G
  int64_t penalty = 0;      //   gradient penalties, after those are gone
  int64_t workspace = 0;    // working memory of kernels (cuDNN's and cuBLASLt's is not known)
  int64_t pictures = 0;     // what sample pictures take more on the device
  int64_t host = 0;  // program, loaded images, writing of pictures or checkpoints; 0 on a GPU

  int64_t total() const { return parameters + optimizer + steps + workspace + pictures + host; }
};

// What is planned: the stages that show images from `first_image` on, with these arenas.
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

// Of a checkpoint file but for some kilobytes of names and settings.
int64_t checkpoint_bytes(const Config& config);

}  // namespace pg
