// speed.cpp: a few iterations of each stage.
#include "model/plan/speed.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "kernels/philox.h"
#include "model/networks/layers.h"
#include "model/training/gan.h"

namespace pg {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Trial {
 public:
  Trial(Context& context, const Config& config)
      : config_(config), captures_(context.backend().can_capture()), gan_(context, config) {}

  // Seconds per iteration, with an update of G in every n_critic-th one.
  double iteration(const Stage& stage, double at_least) {
    const int64_t n_critic = config_.schedule.n_critic;
    const double both = measure(stage, Steps::both, at_least);
    if (n_critic == 1) return both;
    const double critic = measure(stage, Steps::critic_only, at_least);
    return (both + static_cast<double>(n_critic - 1) * critic) / static_cast<double>(n_critic);
  }

 private:
  // A device that captures is warm after three iterations of a kind (Gan::iterate), others after
  // the first, which touches new memory.
  double measure(const Stage& stage, Steps steps, double at_least) {
    prepare(stage);
    for (int i = 0; i < (captures_ ? 3 : 1); ++i) iterate(stage, steps);
    const auto start = Clock::now();
    int count = 0;
    do {
      iterate(stage, steps);
      ++count;
    } while (seconds_since(start) < at_least);
    return seconds_since(start) / count;
  }

  void prepare(const Stage& stage) {
    const int64_t r = stage.resolution, n = minibatch_at(config_, r);
    images_.resize(static_cast<size_t>(n * r * r * config_.model.channels));
    for (size_t i = 0; i < images_.size(); ++i) {
      images_[i] = static_cast<uint8_t>(philox(1, 1, i).word[0] >> 24);
    }
    mirror_.assign(static_cast<size_t>(n), 0);
    classes_.assign(static_cast<size_t>(n), 0);
  }

  // Waits for the device.
  void iterate(const Stage& stage, Steps steps) {
    gan_.iterate(
        {.steps = steps, .fade = stage.halfway(), .g_learning_rate = 0.0, .d_learning_rate = 0.0},
        {.images = images_, .mirror = mirror_, .labels = classes_, .g_labels = classes_});
    gan_.stats().sums();
  }

  Config config_;
  bool captures_;
  Gan gan_;
  std::vector<uint8_t> images_, mirror_;
  std::vector<int32_t> classes_;
};

struct Patience {
  double each = 0.0;
  double all = std::numeric_limits<double>::infinity();
};

// Seconds for two iterations of a stage, judged by one that was measured.
double expected_seconds(const Config& config, const StageSpeed& measured, const Stage& stage) {
  const double cost = relative_cost(config.model, stage.resolution) /
                      relative_cost(config.model, measured.stage.resolution);
  const auto images = static_cast<double>(2 * minibatch_at(config, stage.resolution));
  return images * cost / measured.images_per_second;
}

std::vector<StageSpeed> measure(Context& context, const Config& config, const Patience& patience,
                                int64_t first_image) {
  const auto start = Clock::now();
  Trial trial(context, config);
  std::vector<StageSpeed> speeds;
  // Images that are shown several times in a row count once.
  const ScheduleConfig& s = config.schedule;
  const int64_t iterations = s.repeat_images ? s.minibatch_repeats : 1;
  for (const Stage& stage : stages(config)) {
    if (stage.end <= first_image) continue;
    if (!speeds.empty() &&
        seconds_since(start) + expected_seconds(config, speeds.back(), stage) > patience.all) {
      break;
    }
    const auto n = static_cast<double>(minibatch_at(config, stage.resolution));
    const double rate =
        n / (trial.iteration(stage, patience.each) * static_cast<double>(iterations));
    speeds.push_back({.stage = stage,
                      .images_per_second = rate,
                      .seconds = static_cast<double>(stage.images()) / rate});
  }
  return speeds;
}

}  // namespace

std::vector<StageSpeed> measure_speed(Context& context, const Config& config, double seconds,
                                      int64_t first_image) {
  return measure(context, config, {.each = seconds}, first_image);
}

std::vector<StageSpeed> measure_some_speed(Context& context, const Config& config, double seconds,
                                           double all) {
  return measure(context, config, {.each = seconds, .all = all}, 0);
}

Speed by_resolution(const ModelConfig& model, const std::vector<StageSpeed>& stages) {
  Speed speed{.model = model, .images_per_second = {}};
  for (const StageSpeed& s : stages) {
    const auto [entry, added] =
        speed.images_per_second.emplace(s.stage.resolution, s.images_per_second);
    if (!added) entry->second = std::min(entry->second, s.images_per_second);
  }
  return speed;
}

double images_per_second(const Speed& speed, const ModelConfig& model, int64_t resolution) {
  const ByResolution<double>& measured = speed.images_per_second;
  if (measured.empty()) return 0.0;
  auto nearest = measured.lower_bound(resolution);
  if (nearest == measured.end()) --nearest;
  const double cost = relative_cost(speed.model, nearest->first);
  return nearest->second * cost / relative_cost(model, resolution);
}

std::vector<StageSpeed> stage_speeds(const Config& config, const Speed& speed) {
  std::vector<StageSpeed> speeds;
  if (speed.images_per_second.empty()) return speeds;
  for (const Stage& stage : stages(config)) {
    const double rate = images_per_second(speed, config.model, stage.resolution);
    speeds.push_back({.stage = stage,
                      .images_per_second = rate,
                      .seconds = static_cast<double>(stage.images()) / rate});
  }
  return speeds;
}

double seconds_of(const Config& config, const Speed& speed) {
  double seconds = 0.0;
  for (const StageSpeed& s : stage_speeds(config, speed)) seconds += s.seconds;
  return seconds;
}

}  // namespace pg
