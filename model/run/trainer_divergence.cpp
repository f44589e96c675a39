// trainer_divergence.cpp: how a run reacts to divergence: warn, roll back or stop.
#include <spdlog/spdlog.h>

#include <cmath>

#include "model/run/trainer.h"

namespace pg {

void Trainer::check_divergence() {
  const StatsSums latest = gan_.stats().sums();
  counters_.tick += latest;
  counters_.window += latest;
  gan_.stats().reset();
  const GuardFindings found =
      guard_.check(gan_.state(), counters_.window, counters_.iterations, point_.fade.resolution);
  counters_.window = {};
  for (const std::string& warning : found.warnings) log_.warn("{}", warning);
  if (!found.diverged.empty()) handle_divergence(found.diverged);
}

void Trainer::handle_divergence(const std::string& reason) {
  const GuardConfig& guard = config_.guard;
  if (guard.action == GuardAction::rollback && counters_.rollbacks < guard.tries) {
    return roll_back(reason);
  }
  if (guard.action != GuardAction::skip) stop_diverged(reason);
  if (warned_tick_ == counters_.tick_start) return;  // one warning for each tick
  warned_tick_ = counters_.tick_start;
  log_.warn("training diverged at {:.3f} kimg: {}; continuing because guard.action is skip",
            kimg_of(counters_.images_shown), reason);
}

void Trainer::stop_diverged(const std::string& reason) const {
  const NewestCheckpoint last = newest_checkpoint(writer_.run());
  const std::string tried =
      config_.guard.action == GuardAction::rollback
          ? message("; ", counters_.rollbacks, " rollbacks did not help (guard.tries)")
          : "";
  const std::string advice =
      last.path ? message(
                      "; resume from the last good checkpoint with other settings, such as "
                      "lower learning rates: progan_cuda train --resume ",
                      last.path->string())
                : "; start a new run with other settings, such as lower learning rates";
  throw DivergedError(message("training diverged at ", kimg_of(counters_.images_shown),
                              " kimg: ", reason, tried, advice));
}

// To the newest checkpoint, or to the one before if the newest has led to divergence already.
void Trainer::roll_back(const std::string& reason) {
  const int64_t images = counters_.images_shown, tries = counters_.rollbacks + 1;
  NewestCheckpoint last = newest_checkpoint(writer_.run());
  if (last.path && checkpoint_images(*last.path) == counters_.rollback_to) {
    const NewestCheckpoint earlier = newest_checkpoint(writer_.run(), counters_.rollback_to);
    if (earlier.path) last = earlier;
  }
  PG_CHECK(last.path, DivergedError, "training diverged at ", kimg_of(images), " kimg: ", reason,
           "; there is no checkpoint to roll back to");
  load(*last.path, LaterFiles::different);
  counters_.rollbacks = tries;
  counters_.rollback_to = counters_.images_shown;
  gan_.state().choose_random_stream(tries);
  take_first_bad_gradients(gan_.state());
  start_tick();
  log_.warn(
      "training diverged at {:.3f} kimg: {}; rolled back to {:.3f} kimg ({}) with new random "
      "numbers and learning rates multiplied by {:g} (rollback {} of {})",
      kimg_of(images), reason, kimg_of(counters_.images_shown), last.path->filename().string(),
      std::pow(config_.guard.learning_rate_factor, tries), tries, config_.guard.tries);
  // Written at once: a run killed now must still count this roll back.
  writer_.write_latest(counters_);
}

}  // namespace pg
