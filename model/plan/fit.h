// fit.h: micro-batches with which a run fits into memory at every resolution.
#pragma once

#include "model/plan/memory.h"

namespace pg {

// Bytes that training may use: train.memory_limit, or 95 % of the free memory of `backend`.
int64_t memory_limit(const Config& config, const Backend& backend);

// keep: parts chosen before (schedule.micro_batches_chosen) stay as long as they fit, so a resumed
// run computes as it did. replace: they are chosen again.
enum class FormerChoice : uint8_t { keep, replace };

struct FittedRun {
  std::vector<ResolutionMemory> memory;
  bool changed = false;  // schedule.micro_batches
};

// For each resolution whose minibatch does not fit, the largest one first, sets
// schedule.micro_batches of `config`, which must be resolved, to the largest parts that fit and
// that groups of minibatch stddev allow (micro_batch.h). Values set by the user stay. Throws
// OutOfMemoryError, with the numbers and the settings to change, if no parts fit.
FittedRun fit_into_memory(Config& config, const PlannedRun& run, int64_t limit,
                          FormerChoice former);

// For the log: "8 of 16 images are computed at a time at 256x256, ...".
std::string micro_batches_text(const Config& config);

}  // namespace pg
