// run_options.h: the options that say what to train on what, for train and plan alike.
#pragma once

#include "apps/commands.h"
#include "apps/common.h"
#include "model/plan/fit.h"

namespace pg::apps {

struct RunOptions {
  ConfigSources sources;
  std::string data, out, device, precision, memory_limit;
  int64_t resolution = 0, seed = 0, threads = 0;
  double kimg = 0;
  CLI::Option *resolution_given = nullptr, *seed_given = nullptr, *threads_given = nullptr,
              *kimg_given = nullptr, *memory_limit_given = nullptr;
};

void add_run_options(CLI::App& command, RunOptions& o);

// What the options say of it replaces what `config` says. Throws UsageError.
void apply_options(const RunOptions& o, Config& config);

// The configuration of a run from its beginning: preset, file, options.
Config new_run_config(const RunOptions& o);

// How the data of a run is opened, without progress and reports.
OpenOptions data_options(const Config& config);

// Training as `config`, which must be resolved, says it.
PlannedRun planned_run(const Config& config, const DeviceChoice& device, int64_t first_image = 0);

}  // namespace pg::apps
