// trainer.cpp: the training loop.
#include "model/run/trainer.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace pg {
namespace {

// The settings on which the contents of files depend.
std::string results_text(Config config) {
  config.schedule.total_kimg = 0;
  config.checkpoint = {};
  config.train.threads = 0;
  config.train.memory_limit = config.train.out = config.train.name = "";
  config.data.path = config.data.full_path =
      "";  // fingerprint tells whether they are the same images
  return to_toml(config);
}

}  // namespace

Trainer::Trainer(Context& context, const Config& config, const Dataset& dataset,
                 const RunFolder& run, Progress& progress, spdlog::logger& log)
    : context_(context),
      config_(config),
      progress_(progress),
      log_(log),
      course_(context, config, dataset),
      gan_(course_.gan()),
      point_(course_.point()),
      counters_(course_.counters()),
      guard_(config),
      writer_(context, gan_, config, dataset, run, log) {
  check(config);
}

void Trainer::resume(const std::filesystem::path& checkpoint) {
  const bool same = results_text(config_in_header(checkpoint)) == results_text(config_);
  resumed_from_ = checkpoint;
  try {
    load(checkpoint, same ? LaterFiles::again : LaterFiles::different);
  } catch (const DeviceFailure& error) {
    throw TrainingFailure(error, failure_place());
  }
  gan_.state().choose_random_stream(counters_.rollbacks);
}

// For resuming and rolling back: networks, counters, data and files as they were at `checkpoint`.
void Trainer::load(const std::filesystem::path& checkpoint, LaterFiles later) {
  course_.load(checkpoint);
  writer_.discard_after(counters_, later);
}

Trainer::Outcome Trainer::run(const std::atomic<bool>& stop) {
  try {
    return train(stop);
  } catch (const OutOfMemoryError& error) {
    explain_out_of_memory(error);
  } catch (const DeviceError& error) {
    throw TrainingFailure(error, failure_place());
  }
}

Trainer::Outcome Trainer::train(const std::atomic<bool>& stop) {
  start_tick();
  if (counters_.lod == kNoLod) {
    writer_.write_first(point_, counters_);
  } else if (writer_.run().all_checkpoints().empty()) {
    writer_.write_taken_over(point_, counters_);
  }
  writer_.schedule_latest();
  const int64_t total = total_images(config_);
  while (counters_.images_shown < total && !stop.load()) {
    if (course_.turn_due()) read_schedule();
    iterate();
    const bool due = guard_.due(counters_.iterations);
    if (due) check_divergence();
    const bool tick = counters_.images_shown - counters_.tick_start >= images_in(point_.tick_kimg);
    if (tick) end_tick();
    writer_.follow_folder();
    if (counters_.images_shown < total) writer_.write_due_in_tick(point_, counters_);
    const bool written = writer_.write_latest_if_due(counters_);
    if (due || tick || written) waited_for_ = counters_.iterations;
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
  started_ = waited_for_ = counters_.iterations;
  tick_ = {};
  tick_.set_stats(tick_stats());
}

void Trainer::read_schedule() {
  const Turn turn = course_.next_turn();
  const int64_t before = point_.fade.resolution;
  // Before anything is reset, so that a run resumed from this checkpoint grows as this one does.
  if (turn.grown) writer_.write_grown(before, turn.point, counters_);
  if (turn.border || before != turn.point.fade.resolution) {
    log_.info("{} from {:.1f} kimg: minibatch {}", stage_name(turn.point.fade),
              kimg_of(counters_.images_shown), turn.point.minibatch);
  }
  course_.take(turn);
}

void Trainer::iterate() {
  const RealImages& reals = next_images();
  ++started_;
  course_.iterate(reals);
  tick_.add_images(reals.count());
  if (tick_.stats_due()) {
    tick_.set_stats(tick_stats());
    waited_for_ = counters_.iterations;
  }
  progress_.update({.images_shown = counters_.images_shown,
                    .point = point_,
                    .g_loss = tick_.stats().g_loss,
                    .d_loss = tick_.stats().d_loss,
                    .gradient_norm = tick_.stats().gradient_norm});
}

// If reading fails, nothing has changed yet: a checkpoint of this state can be resumed later.
const RealImages& Trainer::next_images() {
  try {
    return course_.images();
  } catch (const IoError&) {
    writer_.write_latest(counters_);
    throw;
  }
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
