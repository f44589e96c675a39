// reach.h: whether a run ends at its resolution, and a schedule scaled so that it does.
#pragma once

#include <set>
#include <string>

#include "model/config/schedule.h"

namespace pg {

// Scales the stages of `config`, which must be resolved, so that a run of schedule.total_kimg grows
// to model.resolution, trains it as long as any earlier one, and ends there:
//   length of each training and fade *= total / (kimg until the last fade ends + one stable stage)
// and less if the schedule, which is read every minibatch_repeats minibatches, would be read for
// the last time before that. Stages in iterations or epochs that end before total_kimg get a longer
// last one. Lengths whose keys ("schedule.fade_length") are among `given` stay. A schedule that
// grows fast enough stays as it is, and so does one without total_kimg, or one that cannot reach.
void scale_to_reach(Config& config, const std::set<std::string>& given = {});

// The end of a run that ends before its last resolution is stable: "ends in the 16x16 stage, alpha
// 0.40, of 64x64". Else nothing.
std::string ends_below(const Config& config);

// Whether stages would reach the resolution if the schedule were read for every minibatch.
bool reads_too_seldom(const Config& config);

}  // namespace pg
