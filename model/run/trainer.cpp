// trainer.cpp: the training loop.
#include "model/run/trainer.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace pg {

Trainer::Trainer(Context& context, const Config& config, const Dataset& dataset,
                 const RunFolder& run, Progress& progress, spdlog::logger& log)
    : context_(context),
      config_(config),
      progress_(progress),
      log_(log),
      gan_(context, config),
      minibatches_(dataset, config),
      guard_(config),
      writer_(context, gan_, config, dataset, run, log) {
  check(config);
}

void Trainer::resume(const std::filesystem::path& checkpoint) {
  load(checkpoint);
  gan_.state().choose_random_stream(counters_.rollbacks);
}

// For resuming and rolling back: networks, counters, data and files as they were at `checkpoint`.
void Trainer::load(const std::filesystem::path& checkpoint) {
  counters_ = read_checkpoint(checkpoint, gan_);
  minibatches_.seek(counters_.data_position);
  writer_.discard_after(counters_.images_shown);
}

Trainer::Outcome Trainer::run(const std::atomic<bool>& stop) {
  start_tick();
  if (counters_.lod == kNoLod) writer_.write_first(point_, counters_);
  writer_.schedule_latest();
  const int64_t total = total_images(config_);
  while (counters_.images_shown < total && !stop.load()) {
    if (counters_.repeat == 0) read_schedule();
    iterate();
    if (guard_.due(counters_.iterations)) check_divergence();
    if (counters_.images_shown - counters_.tick_start >= images_in(point_.tick_kimg)) end_tick();
    writer_.write_latest_if_due(counters_);
  }
  const bool finished = counters_.images_shown >= total;
  if (finished) {
    if (tick_stats().iterations > 0) end_tick();
    writer_.write_finished(point_, counters_);
  } else {
    writer_.write_stopped(counters_);
  }
  progress_.finish();
  return finished ? Outcome::finished : Outcome::stopped;
}

// At the start and after a roll back, perhaps in the middle of a tick.
void Trainer::start_tick() {
  // A checkpoint may lie between two readings of the schedule: the last reading still applies.
  point_ = schedule_at(config_, counters_.looked_at);
  tick_ = {};
  tick_.set_stats(tick_stats());
}

// As in the official loop, the schedule is read once for `minibatch_repeats` minibatches, and
// optimizers are reset where a fade starts or ends.
void Trainer::read_schedule() {
  const SchedulePoint before = point_;
  point_ = schedule_at(config_, counters_.images_shown);
  const bool border = optimizer_resets_between(counters_.lod, point_.lod);
  const bool grown = counters_.lod != kNoLod && before.fade.resolution != point_.fade.resolution;
  // Before anything is reset, so that a run resumed from this checkpoint grows as this one does.
  if (grown) writer_.write_grown(before.fade.resolution, point_, counters_);
  const OptimizerConfig& o = config_.optimizer;
  if (border && o.reset == OptimizerReset::fade_borders) gan_.state().reset_optimizers();
  if (grown && o.reset == OptimizerReset::new_resolution) gan_.state().reset_optimizers();
  if (grown && o.average_restart == AverageRestart::new_resolution) gan_.state().restart_ema();
  if (border || before.fade.resolution != point_.fade.resolution) {
    log_.info("{} from {:.1f} kimg: minibatch {}", stage_name(point_.fade),
              kimg_of(counters_.images_shown), point_.minibatch);
  }
  counters_.lod = point_.lod;
  counters_.looked_at = counters_.images_shown;
}

void Trainer::iterate() {
  const RealImages& reals = next_images();
  try {
    gan_.iterate(iteration_settings(), reals);
  } catch (const OutOfMemoryError& error) {
    explain_out_of_memory(error);
  }
  count_iteration(reals);
  if (tick_.stats_due()) tick_.set_stats(tick_stats());
  progress_.update({.images_shown = counters_.images_shown,
                    .point = point_,
                    .g_loss = tick_.stats().g_loss,
                    .d_loss = tick_.stats().d_loss,
                    .gradient_norm = tick_.stats().gradient_norm});
}

IterationSettings Trainer::iteration_settings() const {
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

// If reading fails, nothing has changed yet: a checkpoint of this state can be resumed later.
const RealImages& Trainer::next_images() {
  try {
    return minibatches_.at(point_);
  } catch (const IoError&) {
    writer_.write_latest(counters_);
    throw;
  }
}

void Trainer::count_iteration(const RealImages& reals) {
  const ScheduleConfig& s = config_.schedule;
  ++counters_.iterations;
  counters_.critic_steps = (counters_.critic_steps + 1) % s.n_critic;
  counters_.repeat = (counters_.repeat + 1) % s.minibatch_repeats;
  tick_.add_images(reals.count());
  if (s.repeat_images && counters_.repeat > 0) return;  // the same images once more
  counters_.images_shown += reals.count();
  minibatches_.advance();
  counters_.data_position = minibatches_.position();
}

// The iteration is half done, so no checkpoint can be written; the last one remains.
void Trainer::explain_out_of_memory(const OutOfMemoryError& error) const {
  const int64_t held = context_.step().reserved_bytes() + context_.persistent().reserved_bytes();
  throw OutOfMemoryError(
      message("stage ", stage_name(point_.fade), " with minibatch ", point_.minibatch,
              " needs more than the ", held >> 20, " MiB available: ", error.what(),
              "; resume with minibatches in smaller parts: progan_cuda train --resume ",
              writer_.run().path().string(), " --memory-limit ", held >> 20,
              "MiB (or set schedule.micro_batch)"));
}

TrainingStats Trainer::tick_stats() const {
  StatsSums sums = counters_.tick;
  return stats_of(sums += gan_.stats().sums());
}

void Trainer::end_tick() {
  tick_.set_stats(tick_stats());
  const int64_t memory = context_.step().peak_bytes() + context_.persistent().peak_bytes();
  const nlohmann::ordered_json line = tick_.line(counters_, point_, memory);
  writer_.append_stats(line);
  // Before checkpoints, which hold the sums: a run resumed from one starts with a new tick.
  counters_.tick_start = counters_.images_shown;
  counters_.window += gan_.stats().sums();
  counters_.tick = {};
  tick_ = {};
  gan_.stats().reset();
  writer_.write_due(line, point_, counters_);
}

}  // namespace pg
