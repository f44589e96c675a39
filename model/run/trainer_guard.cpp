// trainer_guard.cpp: what a training run does about divergence, and how it takes up a checkpoint.
#include <spdlog/spdlog.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "model/run/trainer.h"

namespace pg {
namespace {

double kimg(int64_t images) { return static_cast<double>(images) / 1000.0; }

}  // namespace

void Trainer::watch() {
  const StatsSums fresh = gan_.stats_sums();
  counters_.tick += fresh;
  counters_.window += fresh;
  gan_.reset_stats();
  const GuardFindings found =
      guard_.look(gan_, counters_.window, counters_.iterations, point_.fade.resolution);
  counters_.window = {};
  for (const std::string& warning : found.warnings) log_.warn("{}", warning);
  if (!found.diverged.empty()) react(found.diverged);
}

void Trainer::react(const std::string& diverged) {
  const GuardConfig& guard = config_.guard;
  if (guard.action == GuardAction::rollback && counters_.rollbacks < guard.tries) {
    return go_back(diverged);
  }
  if (guard.action == GuardAction::skip) {
    if (told_diverged_ == counters_.tick_start) return;
    told_diverged_ = counters_.tick_start;
    log_.warn("training diverges at {:.3f} kimg: {}; it goes on because guard.action is skip",
              kimg(counters_.images_shown), diverged);
    return;
  }
  const NewestCheckpoint last = newest_checkpoint(run_);
  throw DivergedError(message(
      "training diverged at ", kimg(counters_.images_shown), " kimg: ", diverged,
      guard.action == GuardAction::rollback
          ? message("; ", counters_.rollbacks, " rollbacks did not help (guard.tries)")
          : "",
      "; go on from ",
      last.path ? message("the last good checkpoint with other settings, such as lower learning "
                          "rates: progan_cuda train --resume ",
                          last.path->string())
                : "the beginning"));
}

// From the newest checkpoint, or the one before where that has led here before.
void Trainer::go_back(const std::string& diverged) {
  const int64_t images = counters_.images_shown, tries = counters_.rollbacks + 1;
  NewestCheckpoint last = newest_checkpoint(run_);
  if (last.path && checkpoint_images(*last.path) == counters_.rollback_to) {
    const NewestCheckpoint earlier = newest_checkpoint(run_, counters_.rollback_to);
    if (earlier.path) last = earlier;
  }
  PG_CHECK(last.path, DivergedError, "training diverged at ", kimg(images), " kimg: ", diverged,
           "; the run has no checkpoint to go back to");
  restore(*last.path);
  counters_.rollbacks = tries;
  counters_.rollback_to = counters_.images_shown;
  gan_.choose_random_stream(tries);
  gan_.take_first_bad_gradients();
  begin_again();
  log_.warn(
      "training diverged at {:.3f} kimg: {}; back to {:.3f} kimg ({}) with other random numbers "
      "and learning rates times {:g} (rollback {} of {})",
      kimg(images), diverged, kimg(counters_.images_shown), last.path->filename().string(),
      std::pow(config_.guard.learning_rate_factor, tries), tries, config_.guard.tries);
  // So that a run that is killed now does not forget that it has tried this.
  save_checkpoint([this] { checkpoints_.write_latest(gan_, counters_); });
}

void Trainer::restore(const std::filesystem::path& checkpoint) {
  counters_ = read_checkpoint(checkpoint, gan_);
  minibatches_.seek(counters_.data_position);
  for (const std::filesystem::path& file : set_aside_after(run_, counters_.images_shown)) {
    log_.info("the run goes on from before {}, which is kept as {}{}", file.filename().string(),
              kSetAside, file.filename().string());
  }
  stats_.reset();
  cut_stats(run_.stats_file(), kimg(counters_.images_shown));
}

bool Trainer::weights_are_finite() {
  const std::string bad = gan_.first_bad_weight();
  if (bad.empty()) return true;
  log_.warn(
      "no checkpoint is written at {:.3f} kimg, since the weight {} is not finite; the last good "
      "one stays",
      kimg(counters_.images_shown), bad);
  return false;
}

}  // namespace pg
