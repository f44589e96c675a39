// warnings.h: what is unusual about a run, said before it starts.
#pragma once

#include <string>
#include <vector>

#include "model/config/schedule.h"

namespace pg {

// One sentence for each of: ends below its resolution; needs more than a week; shows an image more
// than 5,000 times; has fewer than 100 images. `config` must be resolved; `seconds` is the time of
// the whole run, 0 if it is unknown.
std::vector<std::string> run_warnings(const Config& config, double seconds);

// A sentence if train.out, with `free` bytes, may have too little space for the files of the run;
// else nothing. Sample images count with their largest possible size.
std::string disk_warning(const Config& config, int64_t free);

}  // namespace pg
