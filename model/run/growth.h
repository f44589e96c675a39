// growth.h: what a resumed run may change, and how it grows to a higher resolution.
#pragma once

#include "model/run/checkpoint.h"

namespace pg {

// Throws UsageError if `after`, resolved, is not a configuration with which the networks of a
// checkpoint with the configuration `before` can be trained further: the names of the keys on which
// the shapes of its tensors depend, with both values, or a resolution that falls.
void check_resumable(const Config& before, const Config& after);

enum class TotalKimg : uint8_t { extended, given };  // schedule.total_kimg of a run that grows

// Completes the schedule of `config`, which has a higher resolution than `before`, for a run that
// continues at `counters`. A run in its last stage fades into the next resolution when that stage
// has lasted as long as the others, or at once: schedule.extra_kimg holds its place meanwhile.
// Unless it is given, the end moves until the new final resolution has been trained as long as
// another stage.
void grow_schedule(Config& config, const Config& before, const TrainingCounters& counters,
                   TotalKimg total);

// Images at which the first resolution above `resolution` starts to fade in.
int64_t start_of_growth(const Config& config, int64_t resolution);

}  // namespace pg
