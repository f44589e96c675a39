// fit.h: micro-batches with which a run fits into memory at every resolution.
#pragma once

#include "model/plan/memory.h"

namespace pg {

// Bytes that training may use: train.memory_limit, or the free memory of `backend` except for a
// margin, a twentieth or 64 MiB, for other programs and for memory that no plan knows of.
int64_t memory_limit(const Config& config, const Backend& backend);
int64_t memory_limit(const Config& config, int64_t free);

// For plans and logs: the limit and what was assumed, "21.9 GB (23.1 GB are free, 1.15 GB of them
// stay free)".
std::string memory_limit_text(const Config& config, const Backend& backend);
std::string memory_limit_text(const Config& config, int64_t free);

// choose: for a new run, or for a new limit. keep: a resumed run keeps its parts, or whole
// minibatches, however much memory is free; others would change its results in the last bits.
enum class PartsChoice : uint8_t { choose, keep };

struct FittedRun {
  std::vector<ResolutionMemory> memory;
  bool changed = false;  // schedule.micro_batches
};

// For each resolution whose minibatch does not fit, the largest one first, sets
// schedule.micro_batches of `config`, which must be resolved, to the largest parts that fit and
// that groups of minibatch stddev allow (micro_batch.h). Values set by the user stay; parts chosen
// for an earlier limit are chosen again. Throws OutOfMemoryError, with the numbers and the settings
// to change, if no parts, or those to keep, fit.
FittedRun fit_into_memory(Config& config, const PlannedRun& run, int64_t limit, PartsChoice parts);

// For the log: "8 of 16 images are computed at a time at 256x256, ...".
std::string micro_batches_text(const Config& config);

}  // namespace pg
