// run_options.cpp: the options of train and plan.
#include "apps/run_options.h"

#include "apps/memory.h"
#include "apps/option_values.h"
#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/config/config_keys.h"
#include "model/config/device_name.h"
#include "model/config/numerics.h"
#include "model/plan/reach.h"

namespace pg::apps {
namespace {

// Options that stand for a key of the configuration.
class OptionKeys {
 public:
  OptionKeys(Config& config, const ConfigSources& sources) : config_(config) {
    ConfigSources assigned;
    assigned.assignments = sources.assignments;
    assigned_ = given_keys(assigned);
  }

  // Sets the key; errors name the option. Throws UsageError if --set has given it another value.
  void set(const std::string& option, const std::string& key, const std::string& value) {
    const std::string before = get_key(config_, key);
    try {
      set_key(config_, key, value);
    } catch (const UsageError& error) {
      std::string what = error.what();
      constexpr std::string_view kZero = ", or 0";  // no value of --resolution
      if (const size_t zero = what.find(kZero); zero != what.npos) what.erase(zero, kZero.size());
      throw UsageError(what.starts_with(key) ? option + what.substr(key.size()) : what);
    }
    check(option, key, value, before);
  }

  // The same for a text, which is not parsed.
  void set_text(const std::string& option, const std::string& key, std::string& text,
                const std::string& value) {
    const std::string before = get_key(config_, key);
    text = value;
    check(option, key, value, before);
  }

 private:
  void check(const std::string& option, const std::string& key, const std::string& value,
             const std::string& before) const {
    PG_CHECK(!assigned_.contains(key) || get_key(config_, key) == before, UsageError, option, " ",
             shown(value), " and --set ", key, "=", shown(before),
             " contradict each other; drop one of them");
  }

  Config& config_;
  std::set<std::string> assigned_;
};

// Keys that say how long a stage lasts.
std::set<std::string> given_lengths(const ConfigSources& sources) {
  std::set<std::string> lengths;
  for (const std::string& key : given_keys(sources)) {
    for (const char* name : {"lod_training_kimg", "lod_transition_kimg", "stage_length",
                             "stage_lengths", "fade_length", "extra_kimg"}) {
      if (key == std::string("schedule.") + name) lengths.insert(key);
    }
  }
  return lengths;
}

// For --resolution, before a key is set: 0 is the size of the images in a configuration only.
void check_resolution(int64_t resolution) {
  PG_CHECK(resolution != 0, UsageError,
           "--resolution: expected a power of two from 4 to 1024, got 0; omit it for the size "
           "of the images");
}

}  // namespace

void add_run_options(Command& command, RunOptions& o) {
  command.add_option("-d,--data,DATA", o.data, std::string(kSourceHelp) + "; or a built data set");
  command.add_option("-o,--out", o.out, "folder that receives the run folders (default: runs)");
  add_config_sources(command, o.sources);
  command.add_option(
      "--recipe", o.recipe,
      "auto (resolution, network and schedule for these images and this device), small (the same "
      "for a small network) or official (those of the preset) (default: auto; official with "
      "--preset, --config or a whole schedule)");
  o.hours_given = command.add_option(
      "--hours", o.hours,
      "hours that a run by recipe may take (default: 2 on the CPU, no limit on a GPU)");
  o.hours_given->check(Range(0.01, 100000.0));
  o.resolution_given = command.add_option(
      "--resolution", o.resolution,
      "final resolution in pixels, a power of two from 4 to 1024 (default: that of the "
      "data)");
  o.kimg_given = command.add_option(
      "--kimg", o.kimg,
      "thousands of images of the run; stages become shorter in proportion, so that it reaches "
      "its resolution, unless schedule.* keys say otherwise (default: that of the recipe)");
  command.add_option("--device", o.device, kDeviceHelp);
  command.add_option(
      "--precision", o.precision,
      "fp32, tf32 or bf16; the CPU supports only fp32 (default: tf32 on a GPU, fp32 on the CPU)");
  o.memory_limit_given = command.add_option(
      "--memory-limit", o.memory_limit,
      "device memory that training may use, such as 4GB or 512MiB; minibatches that need more are "
      "computed in parts (default: all that is free)");
  o.threads_given = command.add_option("--threads", o.threads, kThreadsHelp);
  o.threads_given->check(Range(0, 4096));
  add_shorthands(command, o.shorthands, o.sources.assignments, o.device);
  o.seed_given = command.add_option("--seed", o.seed, "seed of all random numbers (default: 1000)");
}

void apply_options(const RunOptions& o, Config& c) {
  const ScheduleConfig before = c.schedule;
  for (const std::string& assignment : o.sources.assignments) set_assignment(c, assignment);
  const bool sets_parts = c.schedule.micro_batch != before.micro_batch ||
                          c.schedule.micro_batches != before.micro_batches;
  if (sets_parts) c.schedule.micro_batches_chosen = false;  // now chosen by the user
  OptionKeys keys(c, o.sources);
  if (!o.data.empty()) keys.set_text("--data", "data.path", c.data.path, o.data);
  if (!o.out.empty()) keys.set_text("--out", "train.out", c.train.out, o.out);
  if (!o.device.empty()) {
    require_device(o.device);
    keys.set("--device", "train.device", o.device);
  }
  if (!o.precision.empty()) keys.set("--precision", "train.precision", o.precision);
  if (*o.memory_limit_given) keys.set("--memory-limit", "train.memory_limit", o.memory_limit);
  if (*o.resolution_given) {
    check_resolution(o.resolution);
    keys.set("--resolution", "model.resolution", std::to_string(o.resolution));
  }
  if (*o.seed_given) keys.set("--seed", "train.seed", std::to_string(o.seed));
  if (*o.threads_given) keys.set("--threads", "train.threads", std::to_string(o.threads));
  if (*o.kimg_given) keys.set("--kimg", "schedule.total_kimg", to_text(KeyValue(o.kimg)));
  validate(c);
}

Config new_run_config(const RunOptions& o) {
  ConfigSources base = o.sources;
  base.assignments.clear();
  Config config = load_config(base);
  apply_options(o, config);
  return config;
}

void scale_schedule(const RunOptions& o, Config& config) {
  if (!*o.kimg_given) return;
  scale_to_reach(config, given_lengths(o.sources));
}

OpenOptions data_options(const Config& c) {
  limit_data_memory(c.data.memory_limit, "data.memory_limit");
  OpenOptions options;
  options.build.resolution = c.model.resolution;
  options.build.channels = c.model.channels;
  if (c.data.fit != Fit::automatic) options.build.fit = c.data.fit;
  options.build.background = parse_background(c.data.background, "data.background");
  options.build.range = parse_range(c.data.range, "data.range");
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
  const CudaOptions options{
      .left_out = TensorKernels::parse(config.train.left_out).value_or(TensorKernels())};
  if (device.described) {
    run.planner = [=, gpu = *device.described] { return make_cuda_planner(gpu, math, options); };
  } else if (device.cuda) {
    run.planner = [=] { return make_cuda_planner(index, math, options); };
  }
  return run;
}

}  // namespace pg::apps
