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
struct StageMemory {
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

// The spans of each resolution of the schedule that are not over at run.first_image.
std::vector<std::vector<StageSpan>> spans_by_resolution(const Config& config,
                                                        const PlannedRun& run);

// One stage, `spans` being all of one resolution. The device keeps the largest workspace that it
// ever needed: `device` has planned the stages before this one, or none where only this one counts.
StageMemory stage_memory(const Config& config, std::span<const StageSpan> spans,
                         const PlannedRun& run, PlanningBackend& device);

// All stages in their order.
std::vector<StageMemory> memory_by_stage(const Config& config, const PlannedRun& run);

// Of a checkpoint file but for some kilobytes of names and settings.
int64_t checkpoint_bytes(const Config& config);

}  // namespace pg
