// schedule.cpp: what to train at a given number of images shown.
#include "model/schedule.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/error.h"

namespace pg {

namespace {

int64_t images(double kimg) { return std::llround(kimg * 1000.0); }

int64_t log2_of(int64_t power_of_two) {
  return std::bit_width(static_cast<uint64_t>(power_of_two)) - 1;
}

int64_t levels_to_grow(const Config& config) {
  PG_CHECK(config.model.resolution > 0, UsageError,
           "model.resolution is not known yet; give it or a data set to take it from");
  return log2_of(config.model.resolution) - log2_of(config.schedule.lod_initial_resolution);
}

double lod_at(const Config& config, int64_t images_shown) {
  const int64_t training = images(config.schedule.lod_training_kimg);
  const int64_t transition = images(config.schedule.lod_transition_kimg);
  const int64_t phase = training + transition;
  const int64_t index = phase > 0 ? images_shown / phase : 0;
  const int64_t faded = std::max<int64_t>(images_shown - index * phase - training, 0);
  double lod = static_cast<double>(levels_to_grow(config) - index);
  if (transition > 0) lod -= static_cast<double>(faded) / static_cast<double>(transition);
  return std::max(lod, 0.0);
}

template <typename T>
T at_resolution(const ByResolution<T>& table, int64_t resolution, T base) {
  const auto entry = table.find(resolution);
  return entry == table.end() ? base : entry->second;
}

// exp(-5 (1 - k / rampup)^2) for the first `rampup` kimg (official misc.rampup).
double learning_rate_factor(const Config& config, int64_t images_shown) {
  const double rampup = config.optimizer.rampup_kimg;
  const double kimg = static_cast<double>(images_shown) / 1000.0;
  if (kimg >= rampup) return 1.0;
  const double left = 1.0 - kimg / rampup;
  return std::exp(-5.0 * left * left);
}

}  // namespace

SchedulePoint schedule_at(const Config& config, int64_t images_shown) {
  PG_ASSERT(images_shown >= 0);
  SchedulePoint point;
  point.lod = lod_at(config, images_shown);
  const double whole = std::floor(point.lod);
  point.resolution = config.model.resolution >> static_cast<int64_t>(whole);
  point.fading = point.lod > whole ? Fading::on : Fading::off;
  point.alpha = 1.0 - (point.lod - whole);
  point.minibatch = minibatch_at(config, point.resolution);
  const OptimizerConfig& o = config.optimizer;
  const double factor = learning_rate_factor(config, images_shown);
  point.g_learning_rate =
      factor * at_resolution(o.learning_rate, point.resolution, o.g_learning_rate);
  point.d_learning_rate =
      factor * at_resolution(o.learning_rate, point.resolution, o.d_learning_rate);
  point.tick_kimg =
      at_resolution(config.schedule.tick_kimg, point.resolution, config.schedule.tick_kimg_base);
  return point;
}

bool optimizer_resets_between(double previous_lod, double lod) {
  return std::floor(previous_lod) != std::floor(lod) || std::ceil(previous_lod) != std::ceil(lod);
}

std::vector<StageSpan> stages(const Config& config) {
  const int64_t training = images(config.schedule.lod_training_kimg);
  const int64_t phase = training + images(config.schedule.lod_transition_kimg);
  const int64_t levels = phase > 0 ? levels_to_grow(config) : 0;
  const int64_t total = total_images(config);
  std::vector<StageSpan> result;
  int64_t first = 0;
  const auto add = [&](int64_t resolution, Fading fading, int64_t end) {
    end = std::min(end, total);
    if (end > first) result.push_back({resolution, fading, first, end});
    first = std::max(first, end);
  };
  int64_t resolution = config.schedule.lod_initial_resolution;
  for (int64_t i = 0; i < levels; ++i) {
    // At the very image where a fade starts its weight is still 0 (lod is whole).
    const bool fades = phase > training;
    add(resolution, Fading::off, i * phase + training + (fades ? 1 : 0));
    resolution *= 2;
    add(resolution, Fading::on, (i + 1) * phase);
  }
  add(resolution, Fading::off, total);
  return result;
}

int64_t total_images(const Config& config) { return images(config.schedule.total_kimg); }

std::string stage_name(int64_t resolution, Fading fading) {
  return message(resolution, "x", resolution, fading == Fading::on ? " fading" : " stable");
}

}  // namespace pg
