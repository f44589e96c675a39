// trainer_files.cpp: what a training run writes, and what happens where it cannot.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/images/png.h"
#include "model/run/trainer.h"

namespace pg {

GridOptions Trainer::grid_options() const { return sample_options(config_, point_.fade); }

void Trainer::save_reals() {
  GridOptions o = grid_options();
  o.fade = {config_.model.resolution};
  write_png(run_.reals_image(), reals_grid(dataset_, o, static_cast<uint64_t>(config_.train.seed)));
}

void Trainer::save_fakes() {
  write_png(run_.fakes_image(counters_.images_shown),
            sample_grid(gan_.generator(), gan_.average_parameters(), fixed_latents_, fixed_labels_,
                        grid_options()));
}

// After each resolution, numbered from 0 for the first.
void Trainer::save_step_image(int64_t resolution) {
  if (!config_.checkpoint.step_images) return;
  GridOptions o = grid_options();
  o.fade = {resolution};
  o.show_at = resolution;
  const int64_t step = level_of(resolution) - level_of(config_.schedule.lod_initial_resolution);
  survives([&] {
    write_png(
        run_.path() / message("generated_image", step, ".png"),
        sample_grid(gan_.generator(), gan_.average_parameters(), fixed_latents_, fixed_labels_, o));
  });
}

// At the end of a tick that wrote `line`. What is due next does not depend on whether writing
// succeeds, so that checkpoints do not either.
void Trainer::save_due(const nlohmann::ordered_json& line) {
  const CheckpointConfig& c = config_.checkpoint;
  const int64_t now = counters_.images_shown;
  if (now >= counters_.next_images) {
    counters_.next_images = now + images_in(c.images_every_kimg);
    picture_owed_ = true;
  }
  if (now >= counters_.next_checkpoint) {
    counters_.next_checkpoint = now + images_in(c.every_kimg);
    checkpoint_owed_ = true;
  }
  if (picture_owed_) picture_owed_ = !survives([this] { save_fakes(); });
  const auto best = c.best_of.empty() ? line.end() : line.find(c.best_of);
  if (best != line.end() && best->get<double>() < counters_.best) {
    counters_.best = best->get<double>();
    save_checkpoint([this] { checkpoints_.write_best(gan_, counters_); });
  }
  if (checkpoint_owed_) {
    checkpoint_owed_ = !save_checkpoint([this] { checkpoints_.write_numbered(gan_, counters_); });
  }
}

// The clock decides here, so this file is one that undisturbed runs do not end with.
void Trainer::save_latest_if_due() {
  using std::chrono::steady_clock;
  using Minutes = std::chrono::duration<double, std::ratio<60>>;
  const double every = config_.checkpoint.every_minutes;
  if (every == 0.0 || steady_clock::now() < latest_due_) return;
  const bool saved = save_checkpoint([this] { checkpoints_.write_latest(gan_, counters_); });
  const Minutes wait(saved ? every : std::min(every, 1.0));
  latest_due_ = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(wait);
}

// A checkpoint counts on the statistics before it being on the disk.
bool Trainer::save_checkpoint(const std::function<void()>& write) {
  return weights_are_finite() && survives([&] {
           stats_->sync();
           write();
         });
}

// A full disk in the middle of a run is no reason to lose it: training goes on and writing is tried
// again, while the last good checkpoint stays.
bool Trainer::survives(const std::function<void()>& write) {
  try {
    write();
    return true;
  } catch (const IoError& error) {
    log_.warn("{}; training goes on and writing is tried again later", error.what());
    return false;
  }
}

}  // namespace pg
