// changes.h: what other settings mean for a run that goes on with them.
#pragma once

#include <string>
#include <vector>

#include "model/config/config.h"

namespace pg {

// A sentence for each key whose value differs, "KEY was A and is B: MEANING", and one more where
// the schedule jumps at `images_shown`. Both configurations are resolved.
std::vector<std::string> describe_changes(const Config& before, const Config& after,
                                          int64_t images_shown);

}  // namespace pg
