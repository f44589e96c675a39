// run_writer.cpp: schedules and writes the files of a run, and retries failed writes.
#include "model/run/run_writer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/images/png.h"
#include "model/run/append_file.h"
#include "model/training/gan_health.h"

namespace pg {
namespace {

using Clock = std::chrono::steady_clock;

Clock::duration minutes(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(60.0 * count));
}

// A link would lead to a file outside of the run.
void write_image(const std::filesystem::path& path, const Image& image) {
  check_regular(path);
  if (std::filesystem::is_symlink(path)) set_aside(path);
  write_png(path, image);
}

}  // namespace

RunWriter::RunWriter(Context& context, const Gan& gan, const Config& config, const Dataset& dataset,
                     const RunFolder& run, spdlog::logger& log)
    : gan_(gan),
      config_(config),
      dataset_(dataset),
      run_(run),
      checkpoints_(run, config.checkpoint),
      log_(log),
      stats_(std::make_unique<StatsFile>(run.stats_file())) {
  const GridSize grid = image_grid(config);
  const auto seed = static_cast<uint64_t>(config.train.seed);
  latents_ = kept(seeded_latents(context, config, seed, grid.rows * grid.columns));
  labels_ = kept(grid_labels(context, config, grid.rows, grid.columns));
}

void RunWriter::write_first(const SchedulePoint& point, TrainingCounters& counters) {
  const CheckpointConfig& c = config_.checkpoint;
  counters.next_images = counters.images_shown + images_in(c.images_every_kimg);
  counters.next_checkpoint = counters.images_shown + images_in(c.every_kimg);
  write_taken_over(point, counters);
}

void RunWriter::write_taken_over(const SchedulePoint& point, const TrainingCounters& counters) {
  write_reals(point);
  write_fakes(point, counters.images_shown);
  checkpoints_.write_latest(gan_, counters);
}

void RunWriter::schedule_latest() {
  latest_due_ = Clock::now() + minutes(config_.checkpoint.every_minutes);
}

bool RunWriter::follow_folder() {
  if (!run_.follow()) return false;
  log_.warn("the run folder is now {}", run_.path().string());
  return true;
}

// Again if the folder was renamed in the middle of the write.
void RunWriter::write_in_folder(const std::function<void()>& write) {
  follow_folder();
  for (;;) {
    try {
      return write();
    } catch (const IoError&) {
      if (!follow_folder()) throw;
    }
  }
}

void RunWriter::report(bool stats_deleted) const {
  if (stats_deleted) log_.warn("stats.jsonl was deleted and has been written again");
}

void RunWriter::append_stats(const nlohmann::ordered_json& line) {
  bool added = false;
  try_write([&] {
    if (added) return report(stats_->sync());
    added = true;
    report(stats_->append(line));
  });
}

bool RunWriter::images_due(TrainingCounters& counters) const {
  if (counters.images_shown < counters.next_images) return false;
  counters.next_images = counters.images_shown + images_in(config_.checkpoint.images_every_kimg);
  return true;
}

bool RunWriter::checkpoint_due(TrainingCounters& counters) const {
  if (counters.images_shown < counters.next_checkpoint) return false;
  counters.next_checkpoint = counters.images_shown + images_in(config_.checkpoint.every_kimg);
  return true;
}

void RunWriter::write_due(const nlohmann::ordered_json& line, const SchedulePoint& point,
                          TrainingCounters& counters) {
  const CheckpointConfig& c = config_.checkpoint;
  image_pending_ = images_due(counters) || image_pending_;
  checkpoint_pending_ = checkpoint_due(counters) || checkpoint_pending_;
  if (image_pending_) {
    image_pending_ = !try_write([&] { write_fakes(point, counters.images_shown); });
  }
  const auto best = c.best_of.empty() ? line.end() : line.find(c.best_of);
  if (best != line.end() && best->get<double>() < counters.best) {
    counters.best = best->get<double>();
    write_checkpoint(counters, [&] { checkpoints_.write_best(gan_, counters); });
  }
  if (checkpoint_pending_) {
    checkpoint_pending_ =
        !write_checkpoint(counters, [&] { checkpoints_.write_numbered(gan_, counters); });
  }
}

// Failed writes are retried at the end of the tick, not in every iteration.
void RunWriter::write_due_in_tick(const SchedulePoint& point, TrainingCounters& counters) {
  const CheckpointConfig& c = config_.checkpoint;
  const int64_t tick = images_in(point.tick_kimg), images = images_in(c.images_every_kimg);
  const bool image = images > 0 && images < tick && images_due(counters);
  const bool checkpoint = images_in(c.every_kimg) < tick && checkpoint_due(counters);
  if (image) {
    image_pending_ = !try_write([&] { write_fakes(point, counters.images_shown); });
  }
  if (checkpoint) {
    checkpoint_pending_ =
        !write_checkpoint(counters, [&] { checkpoints_.write_numbered(gan_, counters); });
  }
}

void RunWriter::write_grown(int64_t resolution, const SchedulePoint& point,
                            const TrainingCounters& counters) {
  write_checkpoint(counters, [&] { checkpoints_.write_finished(resolution, gan_, counters); });
  write_resolution_image(resolution, point);
}

void RunWriter::write_latest(const TrainingCounters& counters) {
  write_checkpoint(counters, [&] { checkpoints_.write_latest(gan_, counters); });
}

// This file depends on the clock, so an uninterrupted run must not end with it.
bool RunWriter::write_latest_if_due(const TrainingCounters& counters) {
  const double every = config_.checkpoint.every_minutes;
  if (every == 0.0 || Clock::now() < latest_due_) return false;
  const bool written =
      write_checkpoint(counters, [&] { checkpoints_.write_latest(gan_, counters); });
  latest_due_ = Clock::now() + minutes(written ? every : std::min(every, 1.0));
  return written;
}

void RunWriter::write_stopped(const TrainingCounters& counters) {
  write_in_folder([&] {
    report(stats_->sync());
    if (weights_are_finite(counters)) checkpoints_.write_latest(gan_, counters);
  });
}

void RunWriter::write_finished(const SchedulePoint& point, const TrainingCounters& counters) {
  try_write([&] { write_fakes(point, counters.images_shown); });
  write_resolution_image(point.fade.resolution, point);
  write_in_folder([&] {
    report(stats_->sync());
    if (weights_are_finite(counters)) checkpoints_.write_numbered(gan_, counters);
  });
}

// Checkpoints last: if this is interrupted, they show the next time that there is more to do.
void RunWriter::discard_after(const TrainingCounters& counters, LaterFiles later) {
  const CheckpointHeader here{counters.images_shown, counters.iterations};
  const double kimg = kimg_of(counters.images_shown);
  stats_.reset();
  if (later == LaterFiles::different || !checkpoints_after(run_, here).empty()) {
    const std::string lines = stats_after(run_.stats_file(), kimg);
    if (!lines.empty()) set_aside_text(run_.stats_file(), lines);
    set_images_aside(counters);
  }
  cut_stats(run_.stats_file(), kimg);
  stats_ = std::make_unique<StatsFile>(run_.stats_file());
  for (const std::filesystem::path& file : checkpoints_after(run_, here)) {
    log_.info("{} is newer than this checkpoint and is now {}", file.filename().string(),
              set_aside(file).filename().string());
  }
}

void RunWriter::set_images_aside(const TrainingCounters& counters) const {
  for (const std::filesystem::path& image : run_.fakes_images()) {
    const bool later = *RunFolder::fakes_images(image) > counters.images_shown;
    if (later && std::filesystem::is_regular_file(image)) set_aside(image);
  }
  // Images of resolutions that are not finished yet will be written again.
  const int64_t resolution = schedule_at(config_, counters.looked_at).fade.resolution;
  for (int64_t r = resolution; r <= config_.model.resolution; r *= 2) {
    const std::filesystem::path image = run_.path() / resolution_image(r);
    if (std::filesystem::is_regular_file(image)) set_aside(image);
  }
}

GridOptions RunWriter::grid_options(const SchedulePoint& point) const {
  return sample_options(config_, point.fade);
}

Image RunWriter::sample(const GridOptions& options) const {
  return sample_grid(gan_.state().generator, gan_.state().ema, latents_, labels_, options);
}

void RunWriter::write_reals(const SchedulePoint& point) const {
  GridOptions o = grid_options(point);
  o.fade = {config_.model.resolution};
  write_image(run_.reals_image(),
              reals_grid(dataset_, o, static_cast<uint64_t>(config_.train.seed)));
}

void RunWriter::write_fakes(const SchedulePoint& point, int64_t images_shown) const {
  write_image(run_.fakes_image(images_shown), sample(grid_options(point)));
}

// Numbered from 0 for the first resolution.
std::string RunWriter::resolution_image(int64_t resolution) const {
  const int64_t step = level_of(resolution) - level_of(config_.schedule.lod_initial_resolution);
  return message("generated_image", step, ".png");
}

void RunWriter::write_resolution_image(int64_t resolution, const SchedulePoint& point) {
  if (!config_.checkpoint.step_images) return;
  GridOptions o = grid_options(point);
  o.fade = {resolution};
  o.show_at = resolution;
  try_write([&] { write_image(run_.path() / resolution_image(resolution), sample(o)); });
}

// A checkpoint relies on earlier statistics being on the disk.
bool RunWriter::write_checkpoint(const TrainingCounters& counters,
                                 const std::function<void()>& write) {
  return weights_are_finite(counters) && try_write([&] {
           report(stats_->sync());
           write();
         });
}

bool RunWriter::try_write(const std::function<void()>& write) {
  try {
    write_in_folder(write);
    return true;
  } catch (const IoError& error) {
    log_.warn("{}; training continues and the write is retried later", error.what());
    return false;
  }
}

bool RunWriter::weights_are_finite(const TrainingCounters& counters) const {
  std::string bad = first_bad_weight(gan_.state());
  if (bad.empty()) bad = first_bad_moment(gan_.state());
  if (bad.empty()) return true;
  log_.warn(
      "no checkpoint written at {:.3f} kimg: weight {} is not finite; keeping the last good one",
      kimg_of(counters.images_shown), bad);
  return false;
}

}  // namespace pg
