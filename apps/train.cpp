// train.cpp: a folder of pictures in, a generator out.
#include <spdlog/spdlog.h>

#include "apps/commands.h"
#include "apps/run_options.h"
#include "apps/stop_signals.h"
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

Dataset open_data(const Config& c) {
  PG_CHECK(!c.data.path.empty(), UsageError,
           "no data was given: name a folder of pictures with --data (or builtin:shapes to try)");
  OpenOptions options = data_options(c);
  options.build.progress = build_progress("Reading pictures");
  options.built = [](const BuildReport& report) { print_rejected(report.manifest); };
  return open_or_build(c.data.path, options);
}

void log_changes(spdlog::logger& log, const Config& before, const Config& after,
                 const Dataset& dataset, int64_t images_shown) {
  for (const std::string& change : describe_changes(before, after, images_shown)) {
    log.warn("changed since the checkpoint: {}", change);
  }
  if (before.data.images != dataset.count() && before.data.images == after.data.images) {
    log.warn("the data set has {} images where the run began with {}: other images from here on",
             dataset.count(), before.data.images);
  }
}

// Looks before training whether every stage that is left fits, and in which parts of a minibatch.
// What to tell of it, if anything.
std::string fit_memory(Config& config, const Config* before,
                       const std::optional<ResumePoint>& resume, const DeviceChoice& device,
                       const Backend& backend, const RunOptions& o) {
  const int64_t first = resume ? checkpoint_images(resume->checkpoint) : 0;
  const int64_t limit = memory_limit(config, backend);
  const bool anew = before != nullptr && (*o.memory_limit_given ||
                                          before->train.memory_limit != config.train.memory_limit);
  const FittedRun fitted = fit_into_memory(config, planned_run(config, device, first), limit,
                                           anew ? FormerChoice::anew : FormerChoice::keep);
  if (!fitted.changed) return "";
  return message("for ", format_bytes(limit), " of memory ", micro_batches_text(config));
}

void run_training(Config config, const Config* before, const std::optional<ResumePoint>& resume,
                  const TrainOptions& o) {
  const bool quiet = o.quiet;
  const DeviceChoice device = choose_device(config.train.device);
  config.train.precision = resolve_precision(config.train.precision, device);
  const std::unique_ptr<Backend> backend =
      open_device(device, config.train.threads, config.train.precision, config.train.kernels);
  const Dataset dataset = open_data(config);
  // Until here nothing is lost when a signal ends the program at once.
  const StopSignals signals("\nstopping after this iteration (Ctrl-C again ends at once)\n");
  resolve(config, {.resolution = dataset.max_resolution(),
                   .channels = dataset.channels(),
                   .images = dataset.count(),
                   .labels = dataset.label_count()});
  Trainer::check(config);
  const std::string parts = fit_memory(config, before, resume, device, *backend, o.run);
  // A checkpoint that lies in no run folder, such as an imported one, begins a run of its own.
  const bool goes_on = resume && std::filesystem::exists(resume->run.config_file());
  const RunFolder run =
      goes_on ? resume->run : RunFolder::create(config, data_slug(config.data.path));
  const RunLock lock(run);
  run.remove_leftovers();
  ProgressOptions how;
  how.style = quiet ? ProgressStyle::silent : ProgressStyle::automatic;
  Progress progress(config, how);
  const auto log = make_logger(
      run.log_file(), quiet ? LineWriter{} : [&](std::string_view line) { progress.print(line); });
  log->info("run folder {}", run.path().string());
  log->info("device {}: {}{}", backend->name(), backend->description(),
            device.reason.empty() ? "" : " (" + device.reason + ")");
  log->info("{} images of {}x{}, {} channels, from {}", dataset.count(), dataset.max_resolution(),
            dataset.max_resolution(), dataset.channels(), config.data.path);
  if (!parts.empty()) log->info("{}", parts);
  Context context(*backend);
  Trainer trainer(context, config, dataset, run, progress, *log);
  if (resume) {
    for (const std::string& sentence : resume->broken) log->warn("passed over: {}", sentence);
    trainer.resume(resume->checkpoint);
    log->info("resumed from {}", resume->checkpoint.string());
    log_changes(*log, *before, config, dataset, trainer.counters().images_shown);
  }
  const Trainer::Outcome outcome = trainer.run(StopSignals::requested());
  const double kimg = kimg_of(trainer.counters().images_shown);
  if (outcome == Trainer::Outcome::stopped) {
    log->info("stopped at {:.1f} kimg; go on with: progan_cuda train --resume {}", kimg,
              run.path().string());
  } else {
    log->info("finished {:.1f} kimg; pictures are {}", kimg, (run.path() / "fakes*.png").string());
  }
}

void train(const TrainOptions& o) {
  if (!*o.resume_given) {
    run_training(new_run_config(o.run), nullptr, std::nullopt, o);
    return;
  }
  PG_CHECK(o.run.sources.file.empty() && o.run.sources.preset.empty(), UsageError,
           "--resume takes the configuration from the checkpoint: leave out --config and --preset, "
           "and change single keys with --set");
  const ResumePoint point = resolve_resume(o.resume, o.run.out.empty() ? "runs" : o.run.out);
  const Config before = checkpoint_config(point.checkpoint);
  Config config = before;
  apply_options(o.run, config);
  run_training(config, &before, point, o);
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand("train", "Train a generator on pictures");
  auto o = std::make_shared<TrainOptions>();
  add_run_options(*cmd, o->run);
  o->resume_given =
      cmd->add_option(
             "--resume", o->resume,
             "go on with a run: a folder, a number or a checkpoint file; alone: the newest")
          ->expected(0, 1);
  cmd->add_flag("--quiet", o->quiet, "no progress on the screen (log.txt still has all)");
  cmd->callback([o] { train(*o); });
}

}  // namespace pg::apps
