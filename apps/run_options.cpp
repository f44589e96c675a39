// run_options.cpp: the options of train and plan.
#include "apps/run_options.h"

namespace pg::apps {

void add_run_options(CLI::App& command, RunOptions& o) {
  command.add_option(
      "--data", o.data,
      "folder or zip of pictures (sub-folders are classes), MNIST-like idx file or folder, "
      "CIFAR-10 .bin, a built data set, or builtin:shapes");
  command.add_option("--out", o.out, "where run folders are made (default: runs)");
  command.add_option("--preset", o.sources.preset, "published variant to start from: official-tf");
  command.add_option("--config", o.sources.file, "TOML file with settings; see progan_cuda config");
  command
      .add_option("--set", o.sources.assignments,
                  "one setting, section.key=value; may be repeated (keys: config --describe)")
      ->take_all();
  o.resolution_given =
      command.add_option("--resolution", o.resolution,
                         "final size, a power of two from 4 to 1024 (default: the data's)");
  o.kimg_given =
      command.add_option("--kimg", o.kimg, "stop after this many thousand real images shown");
  command.add_option("--device", o.device,
                     "auto (a GPU where one answers), cpu, cuda or cuda:I (default: auto)");
  command.add_option("--precision", o.precision,
                     "fp32, tf32 or bf16; the CPU has fp32 alone (default: tf32 on a GPU)");
  o.memory_limit_given = command.add_option(
      "--memory-limit", o.memory_limit,
      "memory of the device that training may take, such as 4GB or 512MiB; what needs more is "
      "computed in parts (default: what is free)");
  o.threads_given =
      command.add_option("--threads", o.threads, "compute threads (default: all cores)");
  o.seed_given = command.add_option("--seed", o.seed, "random seed (default: 1000)");
}

void apply_options(const RunOptions& o, Config& c) {
  const ScheduleConfig before = c.schedule;
  for (const std::string& assignment : o.sources.assignments) set_assignment(c, assignment);
  const bool sets_parts = c.schedule.micro_batch != before.micro_batch ||
                          c.schedule.micro_batches != before.micro_batches;
  if (sets_parts) c.schedule.micro_batches_chosen = false;  // they are the user's now
  if (!o.data.empty()) c.data.path = o.data;
  if (!o.out.empty()) c.train.out = o.out;
  if (!o.device.empty()) c.train.device = o.device;
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
  const MatrixMath math = matrix_math(config.train.precision);
  const int index = device.index;
  PlannedRun run{.planner = [threads] { return make_cpu_planner(threads); },
                 .first_image = first_image};
  if (device.cuda) run.planner = [index, math] { return make_cuda_planner(index, math); };
  return run;
}

}  // namespace pg::apps
