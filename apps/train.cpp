// train.cpp: trains a generator on a set of images.
#include <spdlog/spdlog.h>

#include "apps/build_messages.h"
#include "apps/commands.h"
#include "apps/run_options.h"
#include "apps/stop_signals.h"
#include "kernels/error.h"
#include "model/config/bytes.h"
#include "model/config/changes.h"
#include "model/run/trainer.h"

namespace pg::apps {
namespace {

struct TrainOptions {
  RunOptions run;
  std::string resume;
  CLI::Option* resume_given = nullptr;
  bool quiet = false;
};

// A run to resume, and its configuration at the checkpoint.
struct Resume {
  ResumePoint point;
  Config before;
};

Dataset open_data(const Config& c) {
  PG_CHECK(!c.data.path.empty(), UsageError,
           "no data; give a folder of images with --data (or try --data builtin:shapes)");
  OpenOptions options = data_options(c);
  options.build.progress = build_progress("Reading images");
  options.built = [](const BuildReport& report) { print_skipped(report.manifest); };
  return open_or_build(c.data.path, options);
}

// Checks before training that every remaining stage fits into memory, and splits minibatches that
// do not. A sentence for the log if any was split, else nothing.
std::string fit_memory(Config& config, const std::optional<Resume>& resume,
                       const DeviceChoice& device, const Backend& backend, const RunOptions& o) {
  const int64_t first = resume ? checkpoint_images(resume->point.checkpoint) : 0;
  const int64_t limit = memory_limit(config, backend);
  const bool new_limit = resume && (*o.memory_limit_given ||
                                    resume->before.train.memory_limit != config.train.memory_limit);
  const FittedRun fitted = fit_into_memory(config, planned_run(config, device, first), limit,
                                           new_limit ? FormerChoice::replace : FormerChoice::keep);
  if (!fitted.changed) return "";
  return message("to fit into ", format_bytes(limit), " of memory, ", micro_batches_text(config));
}

// A checkpoint outside of a run folder, such as an imported one, starts a new run.
RunFolder run_folder(const Config& config, const std::optional<Resume>& resume) {
  if (resume && std::filesystem::exists(resume->point.run.config_file())) return resume->point.run;
  return RunFolder::create(config, data_slug(config.data.path));
}

void log_start(spdlog::logger& log, const RunFolder& run, const Backend& backend,
               const DeviceChoice& device, const Dataset& dataset, const Config& config) {
  log.info("run folder {}", run.path().string());
  log.info("device {}: {}{}", backend.name(), backend.description(),
           device.reason.empty() ? "" : " (no GPU available: " + device.reason + ")");
  log.info("{} images of {}x{}, {} channels, from {}", dataset.count(), dataset.max_resolution(),
           dataset.max_resolution(), dataset.channels(), config.data.path);
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

void resume_from(const Resume& resume, Trainer& trainer, const Config& config,
                 const Dataset& dataset, spdlog::logger& log) {
  for (const std::string& sentence : resume.point.broken) log.warn("skipped: {}", sentence);
  trainer.resume(resume.point.checkpoint);
  log.info("resumed from {}", resume.point.checkpoint.string());
  log_changes(log, resume.before, config, dataset, trainer.counters().images_shown);
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

void run_training(Config config, const std::optional<Resume>& resume, const TrainOptions& o) {
  const DeviceChoice device = choose_device(config.train.device);
  config.train.precision = resolve_precision(config.train.precision, device);
  const std::unique_ptr<Backend> backend =
      open_device(device, config.train.threads, config.train.precision, config.train.kernels);
  const Dataset dataset = open_data(config);
  // Up to here a signal may end the program at once: nothing would be lost.
  const StopSignals signals("\nstopping after this iteration (Ctrl-C again exits at once)\n");
  resolve(config, {.resolution = dataset.max_resolution(),
                   .channels = dataset.channels(),
                   .images = dataset.count(),
                   .labels = dataset.label_count()});
  Trainer::check(config);
  const std::string split = fit_memory(config, resume, device, *backend, o.run);
  const RunFolder run = run_folder(config, resume);
  const RunLock lock(run);
  run.remove_leftovers();
  ProgressOptions how;
  how.style = o.quiet ? ProgressStyle::silent : ProgressStyle::automatic;
  Progress progress(config, how);
  const auto log = make_logger(
      run.log_file(),
      o.quiet ? LineWriter{} : [&](std::string_view line) { progress.print(line); });
  log_start(*log, run, *backend, device, dataset, config);
  if (!split.empty()) log->info("{}", split);
  Context context(*backend);
  Trainer trainer(context, config, dataset, run, progress, *log);
  if (resume) resume_from(*resume, trainer, config, dataset, *log);
  log_end(*log, trainer.run(StopSignals::requested()), trainer, run);
}

void train(const TrainOptions& o) {
  if (!*o.resume_given) return run_training(new_run_config(o.run), std::nullopt, o);
  PG_CHECK(o.run.sources.file.empty() && o.run.sources.preset.empty(), UsageError,
           "--resume takes the configuration from the checkpoint; drop --config and --preset, and "
           "change single settings with --set");
  const ResumePoint point = resolve_resume(o.resume, o.run.out.empty() ? "runs" : o.run.out);
  const Resume resume{.point = point, .before = checkpoint_config(point.checkpoint)};
  Config config = resume.before;
  apply_options(o.run, config);
  run_training(config, resume, o);
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand("train", "Train a generator on images");
  auto o = std::make_shared<TrainOptions>();
  add_run_options(*cmd, o->run);
  o->resume_given =
      cmd->add_option("--resume", o->resume,
                      "resume a run: its folder or number, or a checkpoint file (default: the "
                      "newest run)")
          ->expected(0, 1);
  cmd->add_flag("--quiet", o->quiet, "print nothing while training (log.txt is still written)");
  cmd->callback([o] { train(*o); });
}

}  // namespace pg::apps
