// trainer.h: the progressive training loop: schedule, data, iterations, pictures, checkpoints.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "model/networks/samples.h"
#include "model/run/checkpoint_files.h"
#include "model/run/guard.h"
#include "model/run/log.h"
#include "model/run/minibatches.h"
#include "model/run/progress.h"
#include "model/run/stats.h"

namespace pg {

// Trains one run in its folder. Per iteration: one minibatch of real images, a step of D, and at
// every schedule.n_critic-th the moving average and a step of G (PGGAN appendix A; schedule.h says
// what and how large). Per tick:
// a line in stats.jsonl (what depends on the clock or the machine is under its key "timing"; all
// else is the same in a run that was stopped and resumed) and a picture; checkpoints as configured.
class Trainer {
 public:
  enum class Outcome { finished, stopped };

  // What only a trainer knows of a configuration: throws UsageError where checkpoint.best_of is no
  // number of stats.jsonl.
  static void check(const Config& config);

  // `config` must be resolved for `dataset`, which outlives the trainer. Throws as `check`.
  Trainer(Context& context, const Config& config, const Dataset& dataset, const RunFolder& run,
          Progress& progress, spdlog::logger& log);
  ~Trainer();

  // Goes on from a checkpoint of the same networks; statistics after it are cut off, and
  // checkpoints after it no longer count (RunFolder::set_aside_after).
  void resume(const std::filesystem::path& checkpoint);

  // Until total_images, or until `stop` becomes true: the iteration is finished and a
  // checkpoint written in either case, and also where images cannot be read any more (IoError).
  // Throws IoError if that last checkpoint cannot be written; whatever else cannot be written (full
  // disk) is a warning and tried again. Weights that are not finite are never written. Throws
  // DivergedError as guard.action and guard.tries say.
  Outcome run(const std::atomic<bool>& stop);

  const TrainingCounters& counters() const { return counters_; }
  const Gan& gan() const { return gan_; }

 private:
  struct Tick;

  void begin();
  void begin_again();
  void look_at_schedule();
  void iterate();
  void look_at_stats();
  void end_tick();
  void finish();
  const RealImages& next_images();
  void count_iteration(const RealImages& reals);
  [[noreturn]] void explain_out_of_memory(const OutOfMemoryError& error) const;

  TrainingStats tick_stats() const;

  // Divergence (trainer_guard.cpp).
  void watch();
  void react(const std::string& diverged);
  void go_back(const std::string& diverged);
  void restore(const std::filesystem::path& checkpoint);
  bool weights_are_finite();

  // Files (trainer_files.cpp).
  void save_reals();
  void save_fakes();
  void save_step_image(int64_t resolution);
  void save_due(const nlohmann::ordered_json& line);
  void save_latest_if_due();
  bool save_checkpoint(const std::function<void()>& write);
  bool survives(const std::function<void()>& write);
  GridOptions grid_options() const;

  Config config_;
  Context& context_;
  const Dataset& dataset_;
  RunFolder run_;
  CheckpointFiles checkpoints_;
  Progress& progress_;
  spdlog::logger& log_;
  Gan gan_;
  Minibatches minibatches_;
  DivergenceGuard guard_;
  std::unique_ptr<StatsFile> stats_;
  std::unique_ptr<Tick> tick_;
  Tensor fixed_latents_, fixed_labels_;
  SchedulePoint point_;
  TrainingCounters counters_;
  bool picture_owed_ = false, checkpoint_owed_ = false;  // could not be written when due
  int64_t told_diverged_ = -1;                           // start of the tick in which it was told
  std::chrono::steady_clock::time_point latest_due_;     // when latest.safetensors is written
};

}  // namespace pg
