// run_writer.h: writes the files of a training run: sample images, statistics, checkpoints.
//
// Files that a run no longer uses are set aside, not removed (set_aside.h). A failed write (full
// disk) during training is a warning: it is retried later, and the last good
// checkpoint is kept. Weights that are not finite are never written. Which files are due depends on
// the number of images shown alone, except for latest.safetensors, which follows the clock.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "model/config/schedule.h"
#include "model/networks/samples.h"
#include "model/run/checkpoint_files.h"
#include "model/run/set_aside.h"
#include "model/run/stats.h"

namespace spdlog {
class logger;
}

namespace pg {

// Whether training after a return to a checkpoint gives the same files again. It does not with
// other settings, nor with other random numbers.
enum class LaterFiles : uint8_t { again, different };

class RunWriter {
 public:
  // `gan`, `config`, `dataset` and `log` outlive this. Opens stats.jsonl; throws IoError.
  RunWriter(Context& context, const Gan& gan, const Config& config, const Dataset& dataset,
            const RunFolder& run, spdlog::logger& log);

  // Before the first iteration of a new run: sample images, and a checkpoint that shows whether one
  // can be written at all. Schedules the first numbered files. Throws IoError.
  void write_first(const SchedulePoint& point, TrainingCounters& counters);
  // The same for a new run that continues from the checkpoint of another: numbered files are due
  // when they were.
  void write_taken_over(const SchedulePoint& point, const TrainingCounters& counters);
  // Before the first iteration after start or resume.
  void schedule_latest();

  // If the run folder has been renamed, continues in it under its new name and says so. Throws
  // RunFolderLost if it has been deleted. Cheap. True if it has been renamed.
  bool follow_folder();

  // Within a tick that is longer than the time between two files: those that are due, as in
  // write_due. Otherwise a file waits for the end of the tick.
  void write_due_in_tick(const SchedulePoint& point, TrainingCounters& counters);

  // The end of a tick: its line, then the files that are due. `counters` receives when the next
  // ones are due, which does not depend on the success of a write.
  void append_stats(const nlohmann::ordered_json& line);
  void write_due(const nlohmann::ordered_json& line, const SchedulePoint& point,
                 TrainingCounters& counters);

  // Before the networks grow from `resolution` to that of `point`.
  void write_grown(int64_t resolution, const SchedulePoint& point,
                   const TrainingCounters& counters);

  void write_latest(const TrainingCounters& counters);
  bool write_latest_if_due(const TrainingCounters& counters);  // true: it has been written

  // The end of training; both throw IoError if the checkpoint cannot be written.
  void write_stopped(const TrainingCounters& counters);
  void write_finished(const SchedulePoint& point, const TrainingCounters& counters);

  // After a return to the checkpoint with these counters: removes later statistics. They and later
  // sample images are set aside unless they will be written again, bit for bit; so are later
  // checkpoints. Throws IoError.
  void discard_after(const TrainingCounters& counters, LaterFiles later);

  const RunFolder& run() const { return run_; }

 private:
  GridOptions grid_options(const SchedulePoint& point) const;
  void write_reals(const SchedulePoint& point) const;
  void write_fakes(const SchedulePoint& point, int64_t images_shown) const;
  void write_resolution_image(int64_t resolution, const SchedulePoint& point);
  Image sample(const GridOptions& options) const;
  bool write_checkpoint(const TrainingCounters& counters, const std::function<void()>& write);
  bool try_write(const std::function<void()>& write);
  void write_in_folder(const std::function<void()>& write);
  bool weights_are_finite(const TrainingCounters& counters) const;
  void report(bool stats_deleted) const;
  void set_images_aside(const TrainingCounters& counters) const;
  std::string resolution_image(int64_t resolution) const;
  // Whether one is due; then `counters` receives when the next one is.
  bool images_due(TrainingCounters& counters) const;
  bool checkpoint_due(TrainingCounters& counters) const;

  const Gan& gan_;
  const Config& config_;
  const Dataset& dataset_;
  RunFolder run_;
  CheckpointFiles checkpoints_;
  spdlog::logger& log_;
  std::unique_ptr<StatsFile> stats_;
  Tensor latents_, labels_;                                  // the same for all sample images
  bool image_pending_ = false, checkpoint_pending_ = false;  // due but not written yet
  std::chrono::steady_clock::time_point latest_due_;
};

}  // namespace pg
