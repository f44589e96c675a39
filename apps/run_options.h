// run_options.h: the options of a training run, shared by train and plan.
#pragma once

#include "apps/config_sources.h"
#include "apps/shorthands.h"
#include "data/sets/cache.h"
#include "model/device/device_choice.h"
#include "model/plan/fit.h"

namespace pg::apps {

struct RunOptions {
  ConfigSources sources;
  Shorthands shorthands;
  std::string data, out, device, precision, memory_limit, recipe;
  int64_t resolution = 0, seed = 0, threads = 0;
  double kimg = 0, hours = 0;
  Option *resolution_given = nullptr, *seed_given = nullptr, *threads_given = nullptr,
         *kimg_given = nullptr, *memory_limit_given = nullptr, *hours_given = nullptr;
};

void add_run_options(Command& command, RunOptions& o);

// Replaces in `config` what the options set. Throws UsageError.
void apply_options(const RunOptions& o, Config& config);

// The configuration of a new run: preset, file, options.
Config new_run_config(const RunOptions& o);

// For a new run: with --kimg, scales the stages of `config`, which must be resolved, so that the
// run reaches its resolution, except for lengths that are given.
void scale_schedule(const RunOptions& o, Config& config);

// How to open the data of a run, without progress and messages. Applies data.memory_limit.
OpenOptions data_options(const Config& config);

// The training of `config`, which must be resolved, from `first_image` on.
PlannedRun planned_run(const Config& config, const DeviceChoice& device, int64_t first_image = 0);

}  // namespace pg::apps
