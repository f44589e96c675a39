// fit.h: micro-batches that let every stage of a run fit into memory.
#pragma once

#include "model/plan/memory.h"

namespace pg {

// Bytes that training may take: train.memory_limit, or nearly what `backend` has free.
int64_t memory_limit(const Config& config, const Backend& backend);

// keep: parts that were chosen before (schedule.micro_batches_chosen) stay as long as they fit, so
// that a resumed run computes as it did. anew: they are forgotten first.
enum class FormerChoice : uint8_t { keep, anew };

struct FittedRun {
  std::vector<ResolutionMemory> memory;
  bool changed = false;  // schedule.micro_batches
};

// Writes into schedule.micro_batches of `config`, which must be resolved, the largest parts that
// groups of minibatch stddev allow (micro_batch.h) and that fit, for each stage whose minibatch
// does not, the largest stage first. What the user set stays. Throws OutOfMemoryError for a stage
// that does not fit in any parts, with the numbers and what to change.
FittedRun fit_into_memory(Config& config, const PlannedRun& run, int64_t limit,
                          FormerChoice former);

// For the log: "8 of 16 images are computed at a time at 256x256, ...".
std::string micro_batches_text(const Config& config);

}  // namespace pg
