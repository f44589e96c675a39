// run_options.cpp: the options of train and plan.
#include "apps/run_options.h"

#include "apps/option_values.h"
#include "model/config/device_name.h"
#include "model/config/numerics.h"

namespace pg::apps {

void add_run_options(CLI::App& command, RunOptions& o) {
  command.add_option("--data", o.data, std::string(kSourceHelp) + "; or a built data set");
  command.add_option("--out", o.out, "folder that receives the run folders (default: runs)");
  add_config_sources(command, o.sources);
  o.resolution_given = command.add_option(
      "--resolution", o.resolution,
      "final resolution in pixels, a power of two from 4 to 1024 (default: that of the "
      "data)");
  o.kimg_given = command.add_option(
      "--kimg", o.kimg,
      "stop after this many thousand images (default: that of the preset; 12000 in "
      "official-tf)");
  command.add_option("--device", o.device, kDeviceHelp);
  command.add_option(
      "--precision", o.precision,
      "fp32, tf32 or bf16; the CPU supports only fp32 (default: tf32 on a GPU, fp32 on the CPU)");
  o.memory_limit_given = command.add_option(
      "--memory-limit", o.memory_limit,
      "device memory that training may use, such as 4GB or 512MiB; minibatches that need more are "
      "computed in parts (default: all that is free)");
  o.threads_given = command.add_option("--threads", o.threads, kThreadsHelp);
  o.seed_given = command.add_option("--seed", o.seed, "seed of all random numbers (default: 1000)");
}

void apply_options(const RunOptions& o, Config& c) {
  const ScheduleConfig before = c.schedule;
  for (const std::string& assignment : o.sources.assignments) set_assignment(c, assignment);
  const bool sets_parts = c.schedule.micro_batch != before.micro_batch ||
                          c.schedule.micro_batches != before.micro_batches;
  if (sets_parts) c.schedule.micro_batches_chosen = false;  // now chosen by the user
  if (!o.data.empty()) c.data.path = o.data;
  if (!o.out.empty()) c.train.out = o.out;
  if (!o.device.empty()) {
    require_device(o.device);
    c.train.device = o.device;
  }
  if (!o.precision.empty()) set_key(c, "train.precision", o.precision);
  if (*o.memory_limit_given) c.train.memory_limit = o.memory_limit;
  if (*o.resolution_given) c.model.resolution = o.resolution;
  if (*o.seed_given) c.train.seed = o.seed;
  if (*o.threads_given) c.train.threads = o.threads;
  if (*o.kimg_given) c.schedule.total_kimg = o.kimg;
  validate(c);
}

Config new_run_config(const RunOptions& o) {
  ConfigSources base = o.sources;
  base.assignments.clear();
  Config config = load_config(base);
  apply_options(o, config);
  return config;
}

OpenOptions data_options(const Config& c) {
  OpenOptions options;
  options.build.resolution = c.model.resolution;
  options.build.channels = c.model.channels;
  if (c.data.fit != Fit::automatic) options.build.fit = c.data.fit;
  options.build.threads = c.train.threads;
  options.cache_folder = c.data.cache_folder;
  return options;
}

PlannedRun planned_run(const Config& config, const DeviceChoice& device, int64_t first_image) {
  const auto threads = static_cast<int>(config.train.threads);
  const MatrixMath math = numerics_of(config.train.precision).products;
  const int index = device.index;
  PlannedRun run{.planner = [threads] { return make_cpu_planner(threads); },
                 .first_image = first_image};
  if (device.cuda) run.planner = [index, math] { return make_cuda_planner(index, math); };
  return run;
}

}  // namespace pg::apps
