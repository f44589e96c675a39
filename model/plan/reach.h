// reach.h: whether a run ends at its resolution, and a schedule scaled so that it does.
#pragma once

#include <string>

#include "model/config/schedule.h"

namespace pg {

// Shortens the stages of `config`, which must be resolved, in proportion, so that a run of
// schedule.total_kimg grows to model.resolution and trains it as long as any earlier one:
//   length of each training and fade *= total / (kimg until the last fade ends + one stable stage)
// A schedule that grows fast enough stays as it is, and so does one without total_kimg.
void scale_to_reach(Config& config);

// The end of a run that ends before its last resolution is stable: "ends in the 16x16 stage, alpha
// 0.40, of 64x64". Else nothing.
std::string ends_below(const Config& config);

}  // namespace pg
