// speeds.cpp: when speeds are measured, and which are kept.
#include "apps/speeds.h"

#include <cstdlib>
#include <thread>

#include "apps/print.h"
#include "apps/run_options.h"
#include "kernels/error.h"

namespace pg::apps {
namespace {

constexpr double kEachSeconds = 0.2;  // for a stage, at least

// Iterations of a run, about.
int64_t iterations(const Config& config) {
  int64_t count = 0;
  for (const Stage& stage : stages(config)) {
    count += stage.images() / minibatch_at(config, stage.resolution);
  }
  return count;
}

// Whether other programs use the processors: speeds of such a moment are not worth keeping.
bool others_compute() {
  double load = 0.0;
  const auto processors = static_cast<double>(std::thread::hardware_concurrency());
  return ::getloadavg(&load, 1) == 1 && load > processors / 2.0;
}

}  // namespace

Backend& Speeds::backend(const Config& config) {
  if (!backend_) {
    const auto left_out = TensorKernels::parse(config.train.left_out);
    backend_ = open_device(device_, config.train.threads, config.train.precision,
                           config.train.kernels, {.left_out = left_out.value_or(TensorKernels())});
    busy_ = !device_.cuda && others_compute();
  }
  return *backend_;
}

int64_t Speeds::free_bytes(const Config& config) {
  return device_.described ? device_.described->memory : backend(config).free_bytes();
}

std::filesystem::path Speeds::file(const Config& config) {
  const Backend& device = backend(config);
  std::filesystem::path folder;
  try {
    folder = cache_root(data_options(config));
  } catch (const UsageError&) {  // there is none; the name alone still tells speeds apart
  }
  return speed_file(folder, config, message(device.name(), ", ", device.description()));
}

Speed Speeds::found(const Config& config) {
  const Speed none{.model = config.model, .images_per_second = {}};
  if (device_.described) return none;
  const std::filesystem::path path = file(config);
  if (const auto here = measured_.find(path); here != measured_.end()) return here->second;
  const auto kept = path.has_parent_path() ? kept_speed(path, config.model) : std::nullopt;
  return kept.value_or(none);
}

void Speeds::keep(const Config& config, const Speed& speed) {
  const std::filesystem::path path = file(config);
  measured_[path] = speed;
  if (!busy_ && path.has_parent_path()) keep_speed(path, speed);
}

Speed Speeds::kept(const Config& config) {
  Speed speed = found(config);
  for (const Stage& stage : stages(config)) {
    if (!speed.images_per_second.contains(stage.resolution)) speed.images_per_second.clear();
  }
  return speed;
}

Speed Speeds::of(const Config& config) {
  if (const Speed known = kept(config); !known.images_per_second.empty()) return known;
  PG_CHECK(!device_.described, UsageError,
           "the speed of a GPU that is not here is unknown; drop --hours and --recipe small");
  if (!quiet_ && !said_) {
    note("measuring the speed of this device for some seconds{}\n",
         busy_ ? " (other programs are using it: alone, the run would be faster)" : "");
  }
  said_ = true;
  Context context(backend(config));
  constexpr double kMostSeconds = 20.0;
  const Speed speed =
      by_resolution(config.model, measure_some_speed(context, config, kEachSeconds, kMostSeconds));
  keep(config, speed);
  return speed;
}

Speed Speeds::at_once(const Config& config) {
  constexpr int64_t kShort = 300;  // iterations
  constexpr double kSeconds = 2.0;
  const Speed known = found(config);
  if (!known.images_per_second.empty() || iterations(config) < kShort) return known;
  Context context(backend(config));
  const Speed speed =
      by_resolution(config.model, measure_some_speed(context, config, kEachSeconds, kSeconds));
  keep(config, speed);
  return speed;
}

}  // namespace pg::apps
