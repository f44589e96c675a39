// changes.h: the effect of changed settings on a resumed run.
#pragma once

#include <string>
#include <vector>

#include "model/config/config.h"

namespace pg {

// A sentence for each key whose value differs, "KEY was A and is B: MEANING", and one more if the
// schedule jumps at `images_shown`. Both configurations must be resolved.
std::vector<std::string> describe_changes(const Config& before, const Config& after,
                                          int64_t images_shown);

}  // namespace pg
