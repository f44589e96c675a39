// train.cpp: trains a generator on a set of images.
#include <spdlog/spdlog.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/commands.h"
#include "apps/failed_training.h"
#include "apps/memory.h"
#include "apps/new_run.h"
#include "apps/print.h"
#include "apps/recipe_choice.h"
#include "apps/resumed_run.h"
#include "apps/run_options.h"
#include "apps/run_table.h"
#include "apps/stop_signals.h"
#include "apps/train_data.h"
#include "data/files/io_error.h"
#include "kernels/error.h"
#include "model/config/bytes.h"
#include "model/config/changes.h"
#include "model/run/stats.h"
#include "model/run/trainer.h"
#include "model/selftest/trust.h"

namespace pg::apps {
namespace {

struct TrainOptions {
  RunOptions run;
  std::string resume;
  Option* resume_given = nullptr;
  bool quiet = false;
};

// Checks before training that every remaining stage fits into memory, and splits minibatches that
// do not. A run keeps its parts, since others would change its results.
FittedRun fit_memory(Config& config, const ResumedRun* resume, const DeviceChoice& device,
                     const Backend& backend, const RunOptions& o) {
  const int64_t first = resume ? checkpoint_images(resume->point.checkpoint) : 0;
  const int64_t limit = memory_limit(config, backend);
  const bool new_limit = resume && (*o.memory_limit_given ||
                                    resume->before.train.memory_limit != config.train.memory_limit);
  const bool kept = resume && resume->point.continues && !new_limit;
  return fit_into_memory(config, planned_run(config, device, first), limit,
                         kept ? PartsChoice::keep : PartsChoice::choose);
}

// The speed of the run by resolution, as far as it is known.
Speed print_outlook(const Config& config, const FittedRun& fitted, int64_t data_resolution,
                    int64_t first_image, Speeds& speeds, bool quiet) {
  const RunOutlook outlook{.config = config,
                           .memory = fitted.memory,
                           .speed = speeds.at_once(config),
                           .data_resolution = data_resolution,
                           .first_image = first_image};
  if (!quiet) print_run_table(outlook);
  print_warnings(outlook);
  return outlook.speed;
}

// Time of an image by resolution, for the remaining time; empty if no speed is known.
std::function<double(int64_t)> measured_cost(const Speed& speed, const ModelConfig& model) {
  if (speed.images_per_second.empty()) return {};
  return [speed, model](int64_t r) { return 1.0 / images_per_second(speed, model, r); };
}

void log_start(spdlog::logger& log, const RunFolder& run, const Backend& backend,
               const DeviceChoice& device, const Dataset& dataset, const Config& config) {
  log.info("run folder {}", run.path().string());
  log.info("device {}: {}{}", backend.name(), backend.description(),
           device.reason.empty() ? "" : " (no GPU available: " + device.reason + ")");
  log.info("{} of {}x{}, {}, from {}", counted(dataset.count(), "image"), dataset.max_resolution(),
           dataset.max_resolution(), counted(dataset.channels(), "channel"), config.data.path);
}

void log_changes(spdlog::logger& log, const Config& before, const Config& after,
                 const Dataset& dataset, int64_t images_shown) {
  for (const std::string& change : describe_changes(before, after, images_shown)) {
    log.warn("changed since the checkpoint: {}", change);
  }
  if (before.data.images != dataset.count() && before.data.images == after.data.images) {
    log.warn(
        "the data set has {} images, but the run started with {}: different images from here on",
        dataset.count(), before.data.images);
  }
}

void resume_from(const ResumedRun& resume, Trainer& trainer, const Config& config,
                 const Dataset& dataset, spdlog::logger& log) {
  for (const std::string& sentence : resume.point.broken) log.warn("skipped: {}", sentence);
  trainer.resume(resume.point.checkpoint);
  log.info("{}", resume_text(resume, config));
  log_changes(log, resume.compared_with(config), config, dataset, trainer.counters().images_shown);
}

// The statistics of a new run start with the time that the run which it continues has trained.
void write_continued(const ResumedRun& resume, const RunFolder& run) {
  const std::filesystem::path before = resume.point.checkpoint.parent_path();
  const double kimg = kimg_of(resume.counters.images_shown);
  double seconds = 0.0;
  try {
    seconds = seconds_trained(before / "stats.jsonl", kimg);
  } catch (const IoError&) {  // a file of another program has that name
  }
  if (seconds <= 0.0) return;
  StatsFile(run.stats_file()).append(continued_line(before.filename().string(), kimg, seconds));
}

void log_end(spdlog::logger& log, Trainer::Outcome outcome, const Trainer& trainer,
             const RunFolder& run) {
  const double kimg = kimg_of(trainer.counters().images_shown);
  if (outcome == Trainer::Outcome::stopped) {
    log.info("stopped at {:.1f} kimg; to resume: progan_cuda train --resume {}", kimg,
             run.path().string());
  } else {
    log.info("finished at {:.1f} kimg; sample images: {}", kimg,
             (run.path() / "fakes*.png").string());
  }
}

// Checks a GPU that is new, and records in the configuration what training does without.
selftest::Decision trusted_kernels(Config& config, const DeviceChoice& device, bool quiet) {
  const selftest::Decision trust = selftest::decide_trust(
      device, config.train.selftest, config.train.precision, [&](const std::string& line) {
        if (!quiet) note("{}\n", line);
      });
  config.train.left_out = trust.left_out.text();
  return trust;
}

void run_training(Config config, const DeviceChoice& device, const ResumedRun* resume,
                  const TrainOptions& o) {
  const bool continues = resume && resume->point.continues;
  if (!continues) check_folder_of_runs(config.train.out);  // before long work
  config.train.precision = resolve_precision(config.train.precision, device);
  const selftest::Decision trust = trusted_kernels(config, device, o.quiet);
  require_data(config);
  Speeds speeds(device, o.quiet);
  const int64_t sharpest = resume ? 0 : apply_recipe(config, o.run, device, speeds);
  const std::unique_ptr<Backend> backend =
      open_device(device, config.train.threads, config.train.precision, config.train.kernels,
                  {.left_out = trust.left_out});
  const int64_t first = resume ? checkpoint_images(resume->point.checkpoint) : 0;
  const Dataset dataset = open_training_data(config, resume ? &resume->before : nullptr, first);
  // Up to here a signal may end the program at once: nothing would be lost.
  const StopSignals signals("\nstopping after this iteration (Ctrl-C again exits at once)\n");
  resolve(config, {.resolution = dataset.max_resolution(),
                   .channels = dataset.channels(),
                   .images = dataset.count(),
                   .labels = dataset.label_count()});
  if (!resume) scale_schedule(o.run, config);
  record_data(config, dataset);
  Trainer::check(config);
  const std::string assumed = memory_limit_text(config, *backend);
  const int64_t limit = memory_limit(config, *backend);
  const FittedRun fitted = fit_memory(config, resume, device, *backend, o.run);
  std::optional<NewRun> started;  // a checkpoint that lies in no run folder starts a new run too
  if (!continues) started.emplace(config);
  const RunFolder run = started ? started->folder() : resume->point.run;
  std::optional<RunLock> lock;
  if (!resume || !resume->lock) lock.emplace(run);
  run.check_names();
  run.remove_leftovers();
  Config now = config;  // a resumed one remembers the images of its start
  now.data.images = dataset.count();
  const Speed speed =
      started ? print_outlook(now, fitted, sharpest, first, speeds, o.quiet) : speeds.kept(config);
  ProgressOptions how;
  how.cost = measured_cost(speed, config.model);
  how.style = o.quiet ? ProgressStyle::silent : ProgressStyle::automatic;
  Progress progress(config, how);
  const auto log = make_logger(
      run.log_file(),
      o.quiet ? LineWriter{} : [&](std::string_view line) { progress.print(line); });
  log_start(*log, run, *backend, device, dataset, config);
  for (const std::string& warning : trust.warnings) log->warn("{}", warning);
  log->info("memory limit {}", assumed);
  if (fitted.changed) {
    log->info("to fit into {} of memory, {}", format_bytes(limit), micro_batches_text(config));
  }
  if (started && resume) write_continued(*resume, run);
  try {
    Context context(*backend);
    Trainer trainer(context, config, dataset, run, progress, *log);
    if (resume) resume_from(*resume, trainer, config, dataset, *log);
    const auto verification = verify_in_background(dataset, config, first, *log);
    const Trainer::Outcome outcome = trainer.run(StopSignals::requested());
    if (verification && !verification->done()) {
      log->warn("training ended before the checksums of its images were verified");
    }
    log_end(*log, outcome, trainer, run);
  } catch (const TrainingFailure&) {
    if (started) started->keep();  // for the log
    throw;  // once nothing uses the device any more, its kernel is looked for
  } catch (const DeviceError& error) {
    log_failure(run.log_file(), error.what());
    throw;
  }
}

// Trains, and explains a failure of the device when nothing uses it any more.
void train_on(const Config& config, const ResumedRun* resume, const TrainOptions& o) {
  offer_to_oom_killer();
  const DeviceChoice device = choose_device(config.train.device);
  try {
    run_training(config, device, resume, o);
  } catch (const TrainingFailure& failure) {
    report_failure(failure, device);
  }
}

void train(const TrainOptions& o) {
  if (!*o.resume_given) {
    Config config = new_run_config(o.run);
    set_full_path(config.data);
    return train_on(config, nullptr, o);
  }
  PG_CHECK(o.run.sources.file.empty() && o.run.sources.preset.empty(), UsageError,
           "--resume takes the configuration from the checkpoint; drop --config and --preset, and "
           "change single settings with --set");
  PG_CHECK(
      o.run.recipe.empty() && !*o.run.hours_given, UsageError,
      "--resume keeps what the recipe of the run chose; drop --recipe and --hours, and set its "
      "end with --kimg");
  ResumedRun resume = find_resumed_run(o.resume, o.run);
  const Config config = resumed_config(resume, o.run, o.resume.empty());
  if (nothing_is_left(resume, config)) return;
  train_on(config, &resume, o);
}

}  // namespace

void add_train(Command& app) {
  Command* cmd = app.add_subcommand("train", "Train a generator on images");
  auto o = std::make_shared<TrainOptions>();
  add_run_options(*cmd, o->run);
  o->resume_given =
      cmd->add_option("-r,--resume", o->resume,
                      "resume a run: its folder or number, or a checkpoint file (default: the "
                      "newest run); with a higher --resolution it grows, as a new run")
          ->expected(0, 1);
  cmd->add_flag("--quiet", o->quiet, "print nothing while training (log.txt is still written)");
  cmd->callback([o] { train(*o); });
}

}  // namespace pg::apps
