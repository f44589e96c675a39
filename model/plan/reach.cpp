// reach.cpp: the lengths of stages in proportion to the length of the run.
#include "model/plan/reach.h"

#include <algorithm>
#include <cmath>

#include "data/images/resolutions.h"
#include "kernels/error.h"
#include "model/config/format.h"

namespace pg {
namespace {

// Of the schedule alone, whatever total_kimg is.
double kimg_of_all_stages(Config config) {
  const ScheduleConfig& s = config.schedule;
  if (s.unit == ScheduleUnit::kimg) {
    const int64_t levels = level_of(config.model.resolution) - level_of(s.lod_initial_resolution);
    double kimg = static_cast<double>(levels) * (s.lod_training_kimg + s.lod_transition_kimg) +
                  s.lod_training_kimg;
    for (const auto& [resolution, extra] : s.extra_kimg) {
      const bool grows = resolution < config.model.resolution;
      if (grows && resolution >= s.lod_initial_resolution) kimg += extra;
    }
    return kimg;
  }
  config.schedule.total_kimg = 0.0;
  return kimg_of(total_images(config));
}

// The lengths of stages, without those that are given.
class Lengths {
 public:
  explicit Lengths(const std::set<std::string>& given) : given_(given) {}

  bool any(const Config& config) const {
    return config.schedule.unit == ScheduleUnit::kimg
               ? changes("lod_training_kimg") || changes("lod_transition_kimg")
               : changes("stage_length") || changes("fade_length");
  }

  Config scaled(Config config, double factor) const {
    ScheduleConfig& s = config.schedule;
    scale("lod_training_kimg", s.lod_training_kimg, factor);
    scale("lod_transition_kimg", s.lod_transition_kimg, factor);
    scale("stage_length", s.stage_length, factor);
    scale("fade_length", s.fade_length, factor);
    for (auto& [resolution, kimg] : s.extra_kimg) scale("extra_kimg", kimg, factor);
    for (auto& [resolution, length] : s.stage_lengths) scale("stage_lengths", length, factor);
    // alpha keeps its steps per fade.
    if (s.alpha_step > 0 && changes("fade_length")) {
      const double step = static_cast<double>(s.alpha_step) * factor;
      s.alpha_step = std::max<int64_t>(1, std::llround(step));
    }
    return config;
  }

  // The largest factor, at most 1, with which all stages fit into the run; 0 if none does.
  double fitting_factor(const Config& config) const {
    const double total = config.schedule.total_kimg, needed = kimg_of_all_stages(config);
    if (total >= needed) return 1.0;
    if (given_.empty()) return total / needed;
    const auto fits = [&](double f) { return kimg_of_all_stages(scaled(config, f)) <= total; };
    double low = 0.0, high = 1.0;
    for (int i = 0; i < 50; ++i) {
      const double middle = 0.5 * (low + high);
      (fits(middle) ? low : high) = middle;
    }
    return low;
  }

  // Stages in iterations or epochs that would end earlier than the run: the last one goes on.
  void fill(Config& config) const {
    ScheduleConfig& s = config.schedule;
    const bool may = changes("stage_length") && changes("stage_lengths");
    if (s.unit == ScheduleUnit::kimg || s.total_kimg <= 0.0 || !may) return;
    const int64_t resolution = config.model.resolution;
    const double left = s.total_kimg - kimg_of_all_stages(config);
    const auto entry = s.stage_lengths.find(resolution);
    const double length = entry == s.stage_lengths.end() ? s.stage_length : entry->second;
    Config one = config;  // what a unit more takes
    one.schedule.stage_lengths[resolution] = length + 1.0;
    const double unit = kimg_of_all_stages(one) - kimg_of_all_stages(config);
    if (left > 0.0 && unit > 0.0) {
      s.stage_lengths[resolution] = length + std::ceil(left / unit);
    }
  }

 private:
  bool changes(const char* key) const { return !given_.contains(std::string("schedule.") + key); }
  void scale(const char* key, double& length, double factor) const {
    if (changes(key)) length *= factor;
  }

  const std::set<std::string>& given_;
};

}  // namespace

void scale_to_reach(Config& config, const std::set<std::string>& given) {
  const Lengths lengths(given);
  if (config.schedule.total_kimg <= 0.0) return;
  const double fitting = lengths.fitting_factor(config);
  const auto candidate = [&](double factor) {
    Config scaled = factor == 1.0 ? config : lengths.scaled(config, factor);
    lengths.fill(scaled);
    return scaled;
  };
  const Config first = candidate(fitting);
  if (ends_below(first).empty()) {
    config = first;
    return;
  }
  if (fitting <= 0.0 || !lengths.any(config)) return;
  constexpr double kStep = 0.9, kLeast = 0.01;
  for (double part = kStep; part > kLeast; part *= kStep) {
    const Config shorter = candidate(fitting * part);
    if (!ends_below(shorter).empty()) continue;
    config = shorter;
    return;
  }
  config = first;
}

std::string ends_below(const Config& config) {
  if (total_images(config) == 0) return "";
  const Fade last = last_reading(config).fade;
  const int64_t goal = config.model.resolution;
  if (last.resolution == goal && !last.fading()) return "";
  const std::string fade = last.fading() ? message(", alpha ", format_fixed(last.alpha, 2)) : "";
  return message("ends in the ", last.resolution, "x", last.resolution, " stage", fade, ", of ",
                 goal, "x", goal);
}

bool reads_too_seldom(const Config& config) {
  Config always = config;
  always.schedule.minibatch_repeats = 1;
  return !ends_below(config).empty() && ends_below(always).empty();
}

}  // namespace pg
