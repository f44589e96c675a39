// recipe.cpp: networks from small to official, and the time that they need.
#include "model/plan/recipe.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <span>

#include "data/images/resolutions.h"
#include "model/plan/reach.h"

namespace pg {
namespace {

// A network, and the largest resolution at which it has at least 16 feature maps, as the official
// one has at 1024x1024; the smallest one has 32.
struct Width {
  int64_t fmap_base = 0, fmap_max = 0, most_resolution = 0;
};

constexpr Width kWidths[] = {
    {512, 64, 32}, {1024, 128, 128}, {2048, 256, 256}, {4096, 256, 512}, {8192, 512, 1024}};
constexpr size_t kTrial = 1;  // measured to choose among them

constexpr int64_t kTrialResolution = 64;
constexpr double kOfficialKimg = 600.0;  // K of the official schedule
constexpr double kLastStage = 4.0;       // times K
constexpr double kUsed = 0.95;           // of the time; the rest is for samples and checkpoints
constexpr int64_t kSmallMinibatch = 16;

bool gives(const RecipeWish& wish, std::initializer_list<const char*> keys) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const char* key) { return wish.given.contains(key); });
}

bool gives_width(const RecipeWish& wish) {
  return gives(wish, {"model.fmap_base", "model.fmap_max", "model.fmap_decay"});
}

bool gives_lengths(const RecipeWish& wish) {
  return gives(wish, {"schedule.unit", "schedule.lod_training_kimg", "schedule.lod_transition_kimg",
                      "schedule.stage_length", "schedule.stage_lengths", "schedule.fade_length",
                      "schedule.extra_kimg"});
}

bool small_device(const RecipeWish& wish) { return !wish.gpu || wish.recipe == Recipe::small; }

double levels(const Config& config, int64_t resolution) {
  const int64_t first = std::min(config.schedule.lod_initial_resolution, resolution);
  return static_cast<double>(level_of(resolution) - level_of(first));
}

// (2 L + 4) K, in kimg.
double total_of(const Config& config, double k) {
  return k * (2.0 * levels(config, config.model.resolution) + kLastStage);
}

void set_lengths(Config& config, double k) {
  config.schedule.lod_training_kimg = config.schedule.lod_transition_kimg = k;
  config.schedule.total_kimg = total_of(config, k);
}

// Down to two digits, so that tables are easy to read and the time is not exceeded.
double rounded_down(double x) {
  if (x <= 0.0) return x;
  const double unit = std::pow(10.0, std::floor(std::log10(x)) - 1.0);
  return std::floor(x / unit) * unit;
}

// The K for which the run takes the whole time.
double affordable(Config config, const RecipeWish& wish, const Speed& speed) {
  const double seconds = hours_of(wish) * 3600.0 * kUsed;
  if (std::isinf(seconds)) return kOfficialKimg;
  config.schedule.unit = ScheduleUnit::kimg;
  set_lengths(config, 1.0);
  const double each = seconds_of(config, speed);
  return each > 0.0 ? seconds / each : 0.0;
}

double enough(int64_t resolution) { return resolution <= 64 ? 40.0 : 100.0; }
constexpr double kGood = 100.0;

Config with(Config config, int64_t resolution, const Width& width) {
  config.model.resolution = resolution;
  config.model.fmap_base = width.fmap_base;
  config.model.fmap_max = width.fmap_max;
  return config;
}

std::span<const Width> widths_for(const RecipeWish& wish) {
  const std::span<const Width> all = kWidths;
  return wish.recipe == Recipe::small ? all.first(kTrial + 1) : all;
}

const Width& narrowest(std::span<const Width> widths, int64_t resolution) {
  const auto fits = [&](const Width& w) { return w.most_resolution >= resolution; };
  const auto found = std::find_if(widths.begin(), widths.end(), fits);
  return found == widths.end() ? widths.back() : *found;
}

// Thousands of images at which each has been shown 5,000 times; a few images are shown more often.
double most_kimg(const DataShape& data) {
  constexpr double kShown = 5000.0, kLeast = 100.0;
  if (data.images <= 0) return std::numeric_limits<double>::infinity();
  return std::max(kShown * kimg_of(data.images), kLeast);
}

// K from which on a resolution is worth its time; few images do not allow more.
double needed(const Config& config, const DataShape& data) {
  const int64_t r = config.model.resolution;
  return std::min(enough(r), most_kimg(data) / total_of(config, 1.0));
}

int64_t largest_resolution(const RecipeWish& wish, const DataShape& data) {
  return wish.recipe == Recipe::small ? std::min(data.resolution, kTrialResolution)
                                      : data.resolution;
}

int64_t chosen_resolution(const Config& config, const RecipeWish& wish, const DataShape& data,
                          const Speed& trial) {
  const int64_t largest = largest_resolution(wish, data);
  const int64_t least = std::min<int64_t>(largest, 16);
  for (int64_t r = largest; r > least; r /= 2) {
    const Config candidate =
        gives_width(wish) ? with(config, r, {config.model.fmap_base, config.model.fmap_max, r})
                          : with(config, r, narrowest(widths_for(wish), r));
    if (affordable(candidate, wish, trial) >= needed(candidate, data)) return r;
  }
  return least;
}

// Whether a given total leaves less for each stage than a wider network needs.
bool is_short(const Config& config, const RecipeWish& wish) {
  return gives(wish, {"schedule.total_kimg"}) &&
         config.schedule.total_kimg < total_of(config, kGood);
}

Width chosen_width(const Config& config, const RecipeWish& wish, const Speed& trial) {
  const std::span<const Width> widths = widths_for(wish);
  const int64_t resolution = config.model.resolution;
  const Width& least = narrowest(widths, resolution);
  if (is_short(config, wish) && !std::isinf(hours_of(wish))) return least;
  for (size_t i = widths.size(); i-- > 0 && &widths[i] != &least;) {
    if (affordable(with(config, resolution, widths[i]), wish, trial) >= kGood) return widths[i];
  }
  return least;
}

// A training without a given fade, or the reverse: both last as long, as in the official schedule.
void complete_lengths(ScheduleConfig& s, const RecipeWish& wish) {
  const bool training = gives(wish, {"schedule.lod_training_kimg"});
  const bool fade = gives(wish, {"schedule.lod_transition_kimg"});
  if (training && !fade) s.lod_transition_kimg = s.lod_training_kimg;
  if (fade && !training) s.lod_training_kimg = s.lod_transition_kimg;
}

void choose_minibatches(Config& config, const RecipeWish& wish) {
  const bool given =
      gives(wish, {"schedule.minibatch", "schedule.minibatch_base", "schedule.max_minibatch"});
  if (small_device(wish) && !given) config.schedule.max_minibatch = kSmallMinibatch;
}

void choose_files(Config& config, const RecipeWish& wish) {
  constexpr double kOfficialTicks = 3000.0;  // kimg of a run from which on official ticks are short
  const double total = config.schedule.total_kimg;
  if (total >= kOfficialTicks || total <= 0.0) return;
  if (!gives(wish, {"schedule.tick_kimg", "schedule.tick_kimg_base"})) {
    config.schedule.tick_kimg.clear();
    config.schedule.tick_kimg_base = std::max(rounded_down(total / 60.0), 0.001);
  }
  if (!gives(wish, {"checkpoint.every_kimg"})) {
    config.checkpoint.every_kimg = std::max(rounded_down(total / 12.0), 0.001);
  }
}

void choose_decay(Config& config, const RecipeWish& wish) {
  constexpr double kPart = 0.02, kLeast = 0.9;
  if (gives(wish, {"optimizer.average_decay"})) return;
  const auto images = static_cast<double>(total_images(config));
  const auto n = static_cast<double>(minibatch_at(config, config.model.resolution));
  const double decay = std::round((1.0 - n / (kPart * images)) * 1e4) / 1e4;
  config.optimizer.average_decay =
      std::clamp(decay, kLeast, std::max(kLeast, config.optimizer.average_decay));
}

}  // namespace

double hours_of(const RecipeWish& wish) {
  constexpr double kHours = 2.0;
  if (wish.hours > 0.0) return wish.hours;
  return small_device(wish) ? kHours : std::numeric_limits<double>::infinity();
}

bool needs_trial(const Config& config, const RecipeWish& wish) {
  if (std::isinf(hours_of(wish))) return false;
  if (!gives(wish, {"model.resolution"})) return true;
  return !gives_width(wish) && !is_short(config, wish);
}

bool lengths_need_speed(const RecipeWish& wish) {
  return !gives_lengths(wish) && !gives(wish, {"schedule.total_kimg"}) &&
         !std::isinf(hours_of(wish));
}

Config trial_config(Config config, const RecipeWish& wish, const DataShape& data) {
  ModelConfig& m = config.model;
  m.resolution = std::min(m.resolution == 0 ? data.resolution : m.resolution, kTrialResolution);
  if (!gives_width(wish)) config = with(config, m.resolution, kWidths[kTrial]);
  choose_minibatches(config, wish);
  config.schedule.unit = ScheduleUnit::kimg;
  set_lengths(config, kGood);
  return config;
}

void choose_network(Config& config, const RecipeWish& wish, const DataShape& data,
                    const Speed& trial) {
  choose_minibatches(config, wish);
  if (!gives(wish, {"model.resolution"})) {
    config.model.resolution = chosen_resolution(config, wish, data, trial);
  }
  if (gives_width(wish)) return;
  config = with(config, config.model.resolution, chosen_width(config, wish, trial));
}

void choose_lengths(Config& config, const RecipeWish& wish, const DataShape& data,
                    const Speed& speed) {
  ScheduleConfig& s = config.schedule;
  complete_lengths(s, wish);
  const bool total = gives(wish, {"schedule.total_kimg"});
  if (!gives_lengths(wish)) {
    const double one = total_of(config, 1.0), k = affordable(config, wish, speed);
    const double chosen = std::min({k, kOfficialKimg, most_kimg(data) / one});
    const double kept = s.total_kimg;
    set_lengths(config, total ? kept / one : std::max(rounded_down(chosen), 0.01));
    if (total) s.total_kimg = kept;
    if (s.unit == ScheduleUnit::kimg) scale_to_reach(config);  // few minibatches
  } else if (!total && s.unit == ScheduleUnit::kimg) {
    const double l = levels(config, config.model.resolution);
    s.total_kimg = l * (s.lod_training_kimg + s.lod_transition_kimg) +
                   kLastStage * std::max(s.lod_training_kimg, s.lod_transition_kimg);
  }
  choose_files(config, wish);
  choose_decay(config, wish);
}

}  // namespace pg
