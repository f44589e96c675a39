// recipe_choice.h: the option --recipe, and the settings that it chooses for a new run.
#pragma once

#include "apps/run_options.h"
#include "apps/speeds.h"

namespace pg::apps {

// That of --recipe; without it, `official` with --preset or a whole schedule (lengths of stages and
// of the run), else that of train.recipe if given, `official` with --config, else auto. Throws
// UsageError for an unknown name, and for one that
// --preset contradicts.
Recipe wanted_recipe(const Config& config, const RunOptions& o);

// Sets what the recipe chooses in `config`, the configuration of a new run with its precision, and
// records the recipe. Measures speeds if the choice needs them. Does nothing for `official`. The
// resolution that the images have, or 0 if it was not needed.
int64_t apply_recipe(Config& config, const RunOptions& o, const DeviceChoice& device,
                     Speeds& speeds);

}  // namespace pg::apps
