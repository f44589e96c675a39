// run_writer.cpp: schedules and writes the files of a run, and retries failed writes.
#include "model/run/run_writer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/images/png.h"
#include "model/training/gan_health.h"

namespace pg {
namespace {

using Clock = std::chrono::steady_clock;

Clock::duration minutes(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(60.0 * count));
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
  write_reals(point);
  write_fakes(point, counters.images_shown);
  counters.next_images = counters.images_shown + images_in(c.images_every_kimg);
  counters.next_checkpoint = counters.images_shown + images_in(c.every_kimg);
  checkpoints_.write_latest(gan_, counters);
}

void RunWriter::schedule_latest() {
  latest_due_ = Clock::now() + minutes(config_.checkpoint.every_minutes);
}

void RunWriter::append_stats(const nlohmann::ordered_json& line) {
  try_write([&] { stats_->append(line); });
}

void RunWriter::write_due(const nlohmann::ordered_json& line, const SchedulePoint& point,
                          TrainingCounters& counters) {
  const CheckpointConfig& c = config_.checkpoint;
  const int64_t now = counters.images_shown;
  if (now >= counters.next_images) {
    counters.next_images = now + images_in(c.images_every_kimg);
    image_pending_ = true;
  }
  if (now >= counters.next_checkpoint) {
    counters.next_checkpoint = now + images_in(c.every_kimg);
    checkpoint_pending_ = true;
  }
  if (image_pending_) image_pending_ = !try_write([&] { write_fakes(point, now); });
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

void RunWriter::write_grown(int64_t resolution, const SchedulePoint& point,
                            const TrainingCounters& counters) {
  write_checkpoint(counters, [&] { checkpoints_.write_finished(resolution, gan_, counters); });
  write_resolution_image(resolution, point);
}

void RunWriter::write_latest(const TrainingCounters& counters) {
  write_checkpoint(counters, [&] { checkpoints_.write_latest(gan_, counters); });
}

// This file depends on the clock, so an uninterrupted run must not end with it.
void RunWriter::write_latest_if_due(const TrainingCounters& counters) {
  const double every = config_.checkpoint.every_minutes;
  if (every == 0.0 || Clock::now() < latest_due_) return;
  const bool written =
      write_checkpoint(counters, [&] { checkpoints_.write_latest(gan_, counters); });
  latest_due_ = Clock::now() + minutes(written ? every : std::min(every, 1.0));
}

void RunWriter::write_stopped(const TrainingCounters& counters) {
  stats_->sync();
  if (weights_are_finite(counters)) checkpoints_.write_latest(gan_, counters);
}

void RunWriter::write_finished(const SchedulePoint& point, const TrainingCounters& counters) {
  try_write([&] { write_fakes(point, counters.images_shown); });
  write_resolution_image(point.fade.resolution, point);
  stats_->sync();
  if (weights_are_finite(counters)) checkpoints_.write_numbered(gan_, counters);
}

void RunWriter::discard_after(int64_t images_shown) {
  for (const std::filesystem::path& file : set_aside_after(run_, images_shown)) {
    const std::string name = file.filename().string();
    log_.info("{} is newer than this checkpoint and is now {}{}", name, kSetAside, name);
  }
  stats_.reset();
  cut_stats(run_.stats_file(), kimg_of(images_shown));
  stats_ = std::make_unique<StatsFile>(run_.stats_file());
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
  write_png(run_.reals_image(), reals_grid(dataset_, o, static_cast<uint64_t>(config_.train.seed)));
}

void RunWriter::write_fakes(const SchedulePoint& point, int64_t images_shown) const {
  write_png(run_.fakes_image(images_shown), sample(grid_options(point)));
}

// After each resolution, numbered from 0 for the first.
void RunWriter::write_resolution_image(int64_t resolution, const SchedulePoint& point) {
  if (!config_.checkpoint.step_images) return;
  GridOptions o = grid_options(point);
  o.fade = {resolution};
  o.show_at = resolution;
  const int64_t step = level_of(resolution) - level_of(config_.schedule.lod_initial_resolution);
  try_write([&] { write_png(run_.path() / message("generated_image", step, ".png"), sample(o)); });
}

// A checkpoint relies on earlier statistics being on the disk.
bool RunWriter::write_checkpoint(const TrainingCounters& counters,
                                 const std::function<void()>& write) {
  return weights_are_finite(counters) && try_write([&] {
           stats_->sync();
           write();
         });
}

bool RunWriter::try_write(const std::function<void()>& write) {
  try {
    write();
    return true;
  } catch (const IoError& error) {
    log_.warn("{}; training continues and the write is retried later", error.what());
    return false;
  }
}

bool RunWriter::weights_are_finite(const TrainingCounters& counters) const {
  const std::string bad = first_bad_weight(gan_.state());
  if (bad.empty()) return true;
  log_.warn(
      "no checkpoint written at {:.3f} kimg: weight {} is not finite; keeping the last good one",
      kimg_of(counters.images_shown), bad);
  return false;
}

}  // namespace pg
