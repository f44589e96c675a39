// trainer.cpp: the training loop.
#include "model/run/trainer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "model/config/suggest.h"

namespace pg {
namespace {

using Clock = std::chrono::steady_clock;

Clock::duration minutes(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(60.0 * count));
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

// What belongs to the present tick besides sums.
struct Trainer::Tick {
  Clock::time_point start = Clock::now();
  int64_t images = 0;
  TrainingStats latest;           // when last looked at
  Clock::time_point looked = {};  // and when that was

  nlohmann::ordered_json line(const TrainingCounters& c, const SchedulePoint& p,
                              int64_t memory) const {
    const double seconds = seconds_since(start);
    const TrainingStats& s = latest;
    return {{"kimg", static_cast<double>(c.images_shown) / 1000.0},
            {"stage", stage_name(p.fade)},
            {"resolution", p.fade.resolution},
            {"lod", p.lod},
            {"alpha", p.fade.alpha},
            {"minibatch", p.minibatch},
            {"d_loss", s.d_loss},
            {"g_loss", s.g_loss},
            {"real_score", s.real_score},
            {"fake_score", s.fake_score},
            {"penalty", s.penalty},
            {"gradient_norm", s.gradient_norm},
            {"d_weight_gradient_norm", s.d_weight_gradient_norm},
            {"g_weight_gradient_norm", s.g_weight_gradient_norm},
            {"skipped_steps", s.d_skipped + s.g_skipped},
            {"timing",
             {{"images_per_second", static_cast<double>(images) / seconds},
              {"seconds", seconds},
              {"memory_mb", static_cast<double>(memory) / 1e6}}}};
  }
};

void Trainer::check(const Config& config) {
  const std::string& name = config.checkpoint.best_of;
  std::vector<std::string> numbers;
  const nlohmann::ordered_json line = Tick().line({}, {}, 0);
  for (const auto& [key, value] : line.items()) {
    if (value.is_number()) numbers.push_back(key);
  }
  if (name.empty() || std::find(numbers.begin(), numbers.end(), name) != numbers.end()) return;
  const std::string nearest = nearest_name(name, numbers);
  throw UsageError(message("checkpoint.best_of is '", name, "', which is no number of stats.jsonl",
                           nearest.empty() ? "" : message(": did you mean '", nearest, "'?")));
}

Trainer::Trainer(Context& context, const Config& config, const Dataset& dataset,
                 const RunFolder& run, Progress& progress, spdlog::logger& log)
    : config_(config),
      context_(context),
      dataset_(dataset),
      run_(run),
      checkpoints_(run, config.checkpoint),
      progress_(progress),
      log_(log),
      gan_(context, config),
      minibatches_(dataset, config),
      guard_(config),
      tick_(std::make_unique<Tick>()) {
  const GridSize grid = image_grid(config);
  fixed_latents_ = kept(seeded_latents(context, config, static_cast<uint64_t>(config.train.seed),
                                       grid.rows * grid.columns));
  fixed_labels_ = kept(grid_labels(context, config, grid.rows, grid.columns));
  check(config);
}

Trainer::~Trainer() = default;

void Trainer::resume(const std::filesystem::path& checkpoint) {
  restore(checkpoint);
  gan_.choose_random_stream(counters_.rollbacks);
}

Trainer::Outcome Trainer::run(const std::atomic<bool>& stop) {
  begin();
  const int64_t total = total_images(config_);
  while (counters_.images_shown < total && !stop.load()) {
    if (counters_.repeat == 0) look_at_schedule();
    iterate();
    if (guard_.due(counters_.iterations)) watch();
    if (counters_.images_shown - counters_.tick_start >= images_in(point_.tick_kimg)) end_tick();
    save_latest_if_due();
  }
  const bool finished = counters_.images_shown >= total;
  if (finished) {
    finish();
  } else {
    stats_->sync();
    if (weights_are_finite()) checkpoints_.write_latest(gan_, counters_);
  }
  progress_.finish();
  return finished ? Outcome::finished : Outcome::stopped;
}

// At the start and after going back.
void Trainer::begin_again() {
  stats_ = std::make_unique<StatsFile>(run_.stats_file());
  // There may be a checkpoint between two looks at the schedule: the last one still counts.
  point_ = schedule_at(config_, counters_.looked_at);
  tick_ = std::make_unique<Tick>();
  tick_->latest = tick_stats();  // of a tick that a stop interrupted
}

void Trainer::begin() {
  begin_again();
  if (counters_.lod == kNoLod) {
    save_reals();
    save_fakes();
    counters_.next_images =
        counters_.images_shown + images_in(config_.checkpoint.images_every_kimg);
    counters_.next_checkpoint = counters_.images_shown + images_in(config_.checkpoint.every_kimg);
    // Before hours of work: whether it can be written at all.
    checkpoints_.write_latest(gan_, counters_);
  }
  latest_due_ = Clock::now() + minutes(config_.checkpoint.every_minutes);
}

void Trainer::finish() {
  if (tick_stats().iterations > 0) end_tick();
  survives([this] { save_fakes(); });
  save_step_image(point_.fade.resolution);
  stats_->sync();
  if (weights_are_finite()) checkpoints_.write_numbered(gan_, counters_);
}

// The official loop: the schedule is read once for `minibatch_repeats` minibatches, and optimizers
// start anew where a fade begins or ends.
void Trainer::look_at_schedule() {
  const SchedulePoint before = point_;
  point_ = schedule_at(config_, counters_.images_shown);
  const bool border = optimizer_resets_between(counters_.lod, point_.lod);
  const bool grown = counters_.lod != kNoLod && before.fade.resolution != point_.fade.resolution;
  if (grown) {
    // As it stands, so that a run resumed from it grows as this one does.
    save_checkpoint([&] { checkpoints_.write_finished(before.fade.resolution, gan_, counters_); });
    save_step_image(before.fade.resolution);
  }
  const OptimizerConfig& o = config_.optimizer;
  if (border && o.reset == OptimizerReset::fade_borders) gan_.reset_optimizers();
  if (grown && o.reset == OptimizerReset::new_resolution) gan_.reset_optimizers();
  if (grown && o.average_restart == AverageRestart::new_resolution) gan_.restart_average();
  if (border || before.fade.resolution != point_.fade.resolution) {
    log_.info("{} from {:.1f} kimg: minibatch {}", stage_name(point_.fade),
              static_cast<double>(counters_.images_shown) / 1000.0, point_.minibatch);
  }
  counters_.lod = point_.lod;
  counters_.looked_at = counters_.images_shown;
}

void Trainer::iterate() {
  const ScheduleConfig& s = config_.schedule;
  const RealImages& reals = next_images();
  const bool again = s.repeat_images && counters_.repeat > 0;
  const bool both = counters_.critic_steps + 1 == s.n_critic;
  const double factor = std::pow(config_.guard.learning_rate_factor, counters_.rollbacks);
  try {
    gan_.iterate({.steps = both ? Steps::both : Steps::critic_only,
                  .latents = again ? Latents::again : Latents::fresh,
                  .fade = point_.fade,
                  .g_learning_rate = factor * point_.g_learning_rate,
                  .d_learning_rate = factor * point_.d_learning_rate},
                 reals);
  } catch (const OutOfMemoryError& error) {
    explain_out_of_memory(error);
  }
  count_iteration(reals);
  // Looking waits for the device, so it is done a few times a second and not in each iteration.
  constexpr double kLookSeconds = 0.2;
  if (seconds_since(tick_->looked) > kLookSeconds) look_at_stats();
  progress_.update({.images_shown = counters_.images_shown,
                    .point = point_,
                    .g_loss = tick_->latest.g_loss,
                    .d_loss = tick_->latest.d_loss,
                    .gradient_norm = tick_->latest.gradient_norm});
}

// Nothing has changed yet, so what is there can be kept for a later --resume.
const RealImages& Trainer::next_images() {
  try {
    return minibatches_.at(point_);
  } catch (const IoError&) {
    save_checkpoint([this] { checkpoints_.write_latest(gan_, counters_); });
    throw;
  }
}

void Trainer::count_iteration(const RealImages& reals) {
  const ScheduleConfig& s = config_.schedule;
  ++counters_.iterations;
  counters_.critic_steps = (counters_.critic_steps + 1) % s.n_critic;
  counters_.repeat = (counters_.repeat + 1) % s.minibatch_repeats;
  tick_->images += reals.count;
  if (s.repeat_images && counters_.repeat > 0) return;  // the same images once more
  counters_.images_shown += reals.count;
  minibatches_.advance();
  counters_.data_position = minibatches_.position();
}

// The step is half done, so no checkpoint can be written now; the last one stands.
void Trainer::explain_out_of_memory(const OutOfMemoryError& error) const {
  const int64_t held = context_.step().reserved_bytes() + context_.persistent().reserved_bytes();
  throw OutOfMemoryError(
      message("stage ", stage_name(point_.fade), " with minibatch ", point_.minibatch,
              " needs more than the ", held >> 20, " MiB that it got: ", error.what(),
              "; go on in smaller parts with: progan_cuda train --resume ", run_.path().string(),
              " --memory-limit ", held >> 20, "MiB (or set schedule.micro_batch yourself)"));
}

TrainingStats Trainer::tick_stats() const {
  StatsSums sums = counters_.tick;
  return stats_of(sums += gan_.stats_sums());
}

void Trainer::look_at_stats() {
  tick_->latest = tick_stats();
  tick_->looked = Clock::now();
}

void Trainer::end_tick() {
  look_at_stats();
  const int64_t memory = context_.step().peak_bytes() + context_.persistent().peak_bytes();
  const nlohmann::ordered_json line = tick_->line(counters_, point_, memory);
  survives([&] { stats_->append(line); });
  // Before the checkpoint, which holds the sums: a run resumed from it begins with a new tick.
  counters_.tick_start = counters_.images_shown;
  counters_.window += gan_.stats_sums();
  counters_.tick = {};
  tick_ = std::make_unique<Tick>();
  gan_.reset_stats();
  save_due(line);
}

}  // namespace pg
