// course.cpp: schedule, data and counters of iterations.
#include "model/run/course.h"

#include <cmath>

namespace pg {

Course::Course(Context& context, const Config& config, const Dataset& dataset)
    : config_(config),
      gan_(context, config),
      minibatches_(dataset, config),
      point_(schedule_at(config, 0)) {}

void Course::load(const std::filesystem::path& checkpoint) {
  counters_ = read_checkpoint(checkpoint, gan_);
  minibatches_.seek(counters_.data_position);
  // A checkpoint may lie between two readings of the schedule: the last reading still applies.
  point_ = schedule_at(config_, counters_.looked_at);
}

void Course::jump(int64_t images_shown, uint64_t data_position) {
  counters_.images_shown = images_shown;
  counters_.data_position = data_position;
  counters_.repeat = 0;
  minibatches_.seek(data_position);
}

Turn Course::next_turn() const {
  const SchedulePoint point = schedule_at(config_, counters_.images_shown);
  return {.point = point,
          .border = optimizer_resets_between(counters_.lod, point.lod),
          .grown = counters_.lod != kNoLod && point_.fade.resolution != point.fade.resolution};
}

void Course::take(const Turn& turn) {
  const OptimizerConfig& o = config_.optimizer;
  if (turn.border && o.reset == OptimizerReset::fade_borders) gan_.state().reset_optimizers();
  if (turn.grown && o.reset == OptimizerReset::new_resolution) gan_.state().reset_optimizers();
  if (turn.grown && o.average_restart == AverageRestart::new_resolution) gan_.state().restart_ema();
  point_ = turn.point;
  counters_.lod = point_.lod;
  counters_.looked_at = counters_.images_shown;
}

void Course::iterate(const RealImages& reals) {
  gan_.iterate(settings(), reals);
  count(reals);
}

IterationSettings Course::settings() const {
  const ScheduleConfig& s = config_.schedule;
  const bool again = s.repeat_images && counters_.repeat > 0;
  const bool both = counters_.critic_steps + 1 == s.n_critic;
  const double factor = std::pow(config_.guard.learning_rate_factor, counters_.rollbacks);
  return {.steps = both ? Steps::both : Steps::critic_only,
          .latents = again ? Latents::again : Latents::fresh,
          .fade = point_.fade,
          .g_learning_rate = factor * point_.g_learning_rate,
          .d_learning_rate = factor * point_.d_learning_rate};
}

void Course::count(const RealImages& reals) {
  const ScheduleConfig& s = config_.schedule;
  ++counters_.iterations;
  counters_.critic_steps = (counters_.critic_steps + 1) % s.n_critic;
  counters_.repeat = (counters_.repeat + 1) % s.minibatch_repeats;
  if (s.repeat_images && counters_.repeat > 0) return;  // the same images once more
  counters_.images_shown += reals.count();
  minibatches_.advance();
  counters_.data_position = minibatches_.position();
}

}  // namespace pg
