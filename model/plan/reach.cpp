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
    return static_cast<double>(levels) * (s.lod_training_kimg + s.lod_transition_kimg) +
           s.lod_training_kimg;
  }
  config.schedule.total_kimg = 0.0;
  return kimg_of(total_images(config));
}

}  // namespace

void scale_to_reach(Config& config) {
  ScheduleConfig& s = config.schedule;
  const double needed = kimg_of_all_stages(config);
  if (s.total_kimg <= 0.0 || s.total_kimg >= needed) return;
  const double factor = s.total_kimg / needed;
  for (double* length :
       {&s.lod_training_kimg, &s.lod_transition_kimg, &s.stage_length, &s.fade_length}) {
    *length *= factor;
  }
  // alpha keeps its steps per fade.
  s.alpha_step =
      s.alpha_step == 0
          ? 0
          : std::max<int64_t>(1, std::llround(static_cast<double>(s.alpha_step) * factor));
  for (auto& [resolution, length] : s.stage_lengths) length *= factor;
}

std::string ends_below(const Config& config) {
  const int64_t total = total_images(config), goal = config.model.resolution;
  if (total == 0) return "";
  const Fade last = schedule_at(config, total - 1).fade;
  if (last.resolution == goal && !last.fading()) return "";
  const std::string fade = last.fading() ? message(", alpha ", format_fixed(last.alpha, 2)) : "";
  return message("ends in the ", last.resolution, "x", last.resolution, " stage", fade, ", of ",
                 goal, "x", goal);
}

}  // namespace pg
