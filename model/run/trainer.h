// trainer.h: the progressive training loop: schedule, data, iterations, ticks, divergence.
#pragma once

#include <atomic>

#include "model/run/course.h"
#include "model/run/guard.h"
#include "model/run/log.h"
#include "model/run/progress.h"
#include "model/run/run_writer.h"
#include "model/run/tick.h"
#include "model/run/training_failure.h"

namespace pg {

// Trains one run in its folder. An iteration is one minibatch of real images, an update of D and,
// every schedule.n_critic iterations, the EMA and an update of G (paper, appendix A; schedule.h has
// the stages, minibatch sizes and learning rates). A tick ends with a line in stats.jsonl (tick.h)
// and the files that are due (run_writer.h).
class Trainer {
 public:
  enum class Outcome { finished, stopped };  // at total_kimg, or earlier by a signal

  // Checks the setting that only a trainer can check: throws UsageError if checkpoint.best_of is
  // not a number in stats.jsonl.
  static void check(const Config& config) { Tick::check_statistic(config.checkpoint.best_of); }

  // `config` must be resolved for `dataset`. Both and all other arguments outlive the trainer.
  // Throws as `check`, and IoError.
  Trainer(Context& context, const Config& config, const Dataset& dataset, const RunFolder& run,
          Progress& progress, spdlog::logger& log);

  // Resumes from a checkpoint of the same networks; later statistics and checkpoints are set aside
  // (RunWriter::discard_after). Throws as read_checkpoint, and TrainingFailure.
  void resume(const std::filesystem::path& checkpoint);

  // Trains until total_images, or until `stop` is true. In both cases, and if images cannot be read
  // any more (IoError), the iteration is completed and a checkpoint written. Throws IoError if that
  // last checkpoint cannot be written; earlier failures to write are warnings and retried. Throws
  // DivergedError according to guard.action and guard.tries, RunFolderLost if the folder is
  // deleted, TrainingFailure or OutOfMemoryError if the device fails; no file is written then.
  Outcome run(const std::atomic<bool>& stop);

  const TrainingCounters& counters() const { return counters_; }
  const Gan& gan() const { return gan_; }

 private:
  Outcome train(const std::atomic<bool>& stop);
  void load(const std::filesystem::path& checkpoint, LaterFiles later);
  void start_tick();
  void read_schedule();
  void iterate();
  const RealImages& next_images();
  TrainingStats tick_stats() const;
  void end_tick();

  // Divergence (trainer_divergence.cpp).
  void check_divergence();
  void handle_divergence(const std::string& reason);
  [[noreturn]] void stop_diverged(const std::string& reason) const;
  void roll_back(const std::string& reason);

  // Failures of the device (trainer_failure.cpp).
  FailurePlace failure_place() const;
  [[noreturn]] void explain_out_of_memory(const OutOfMemoryError& error) const;

  Context& context_;
  const Config& config_;
  Progress& progress_;
  spdlog::logger& log_;
  Course course_;
  Gan& gan_;
  const SchedulePoint& point_;
  TrainingCounters& counters_;
  DivergenceGuard guard_;
  RunWriter writer_;
  Tick tick_;
  int64_t warned_tick_ = -1;  // start of the tick whose divergence has been logged
  int64_t started_ = 0;       // iterations
  int64_t waited_for_ = 0;    // iterations that the device has finished
  std::filesystem::path resumed_from_;
};

}  // namespace pg
