// train: a folder of pictures in, a generator out.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "apps/commands.h"
#include "apps/common.h"
#include "model/training/changes.h"
#include "model/training/trainer.h"

namespace pg::apps {
namespace {

struct TrainOptions {
  ConfigSources sources;
  std::string data, out, device, precision;
  std::string resume;
  CLI::Option* resume_given = nullptr;
  int64_t resolution = 0, seed = 0, threads = 0;
  double kimg = 0;
  CLI::Option *resolution_given = nullptr, *seed_given = nullptr, *threads_given = nullptr,
              *kimg_given = nullptr;
  bool quiet = false;
};

std::atomic<bool> stop_requested{false};
std::atomic<int64_t> stop_requested_at{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free);

int64_t milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// The first signal lets the iteration end and a checkpoint be written. Only a later Ctrl-C ends at
// once: timeout(1) and batch systems send their signal to the program and to its group, twice in
// all and within moments, and that must not cost the checkpoint.
void on_signal(int signal) {
  constexpr int64_t kSameRequest = 500;  // ms
  if (!stop_requested.exchange(true)) {
    stop_requested_at = milliseconds();
    constexpr char kText[] = "\nstopping after this iteration (Ctrl-C again ends at once)\n";
    [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, kText, sizeof kText - 1);
  } else if (signal == SIGINT && milliseconds() - stop_requested_at > kSameRequest) {
    std::_Exit(128 + signal);
  }
}

// SIGHUP stays ignored under nohup.
class SignalScope {
 public:
  SignalScope() {
    for (const int s : kSignals) {
      const auto before = std::signal(s, on_signal);
      if (s == SIGHUP && before == SIG_IGN) std::signal(s, SIG_IGN);
    }
  }
  ~SignalScope() {
    for (const int s : kSignals) std::signal(s, SIG_DFL);
  }

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
};

void apply_options(const TrainOptions& o, Config& c) {
  for (const std::string& assignment : o.sources.assignments) set_assignment(c, assignment);
  if (!o.data.empty()) c.data.path = o.data;
  if (!o.out.empty()) c.train.out = o.out;
  if (!o.device.empty()) c.train.device = o.device;
  if (!o.precision.empty()) set_key(c, "train.precision", o.precision);
  if (*o.resolution_given) c.model.resolution = o.resolution;
  if (*o.seed_given) c.train.seed = o.seed;
  if (*o.threads_given) c.train.threads = o.threads;
  if (*o.kimg_given) c.schedule.total_kimg = o.kimg;
  validate(c);
  PG_CHECK(!c.data.path.empty(), UsageError,
           "no data was given: name a folder of pictures with --data (or builtin:shapes to try)");
}

Dataset open_data(const Config& c) {
  OpenOptions options;
  options.build.resolution = c.model.resolution;
  options.build.channels = c.model.channels;
  if (c.data.fit != Fit::automatic) options.build.fit = c.data.fit;
  options.build.threads = c.train.threads;
  options.build.progress = build_progress("Reading pictures");
  options.cache_folder = c.data.cache_folder;
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

void run_training(Config config, const Config* before, const std::optional<ResumePoint>& resume,
                  bool quiet) {
  const DeviceChoice device = choose_device(config.train.device);
  config.train.precision = resolve_precision(config.train.precision, device);
  const std::unique_ptr<Backend> backend =
      open_device(device, config.train.threads, config.train.precision, config.train.kernels);
  const Dataset dataset = open_data(config);
  // Until here nothing is lost when a signal ends the program at once.
  const SignalScope signals;
  resolve(config, {.resolution = dataset.max_resolution(),
                   .channels = dataset.channels(),
                   .images = dataset.count(),
                   .labels = dataset.label_count()});
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

  Context context(*backend);
  Trainer trainer(context, config, dataset, run, progress, *log);
  if (resume) {
    for (const std::string& sentence : resume->broken) log->warn("passed over: {}", sentence);
    trainer.resume(resume->checkpoint);
    log->info("resumed from {}", resume->checkpoint.string());
    log_changes(*log, *before, config, dataset, trainer.counters().images_shown);
  }
  const Trainer::Outcome outcome = trainer.run(stop_requested);
  const double kimg = static_cast<double>(trainer.counters().images_shown) / 1000.0;
  if (outcome == Trainer::Outcome::stopped) {
    log->info("stopped at {:.1f} kimg; go on with: progan_cuda train --resume {}", kimg,
              run.path().string());
  } else {
    log->info("finished {:.1f} kimg; pictures are {}", kimg, (run.path() / "fakes*.png").string());
  }
}

void train(const TrainOptions& o) {
  if (!*o.resume_given) {
    ConfigSources base = o.sources;
    base.assignments.clear();
    Config config = load_config(base);
    apply_options(o, config);
    run_training(config, nullptr, std::nullopt, o.quiet);
    return;
  }
  PG_CHECK(o.sources.file.empty() && o.sources.preset.empty(), UsageError,
           "--resume takes the configuration from the checkpoint: leave out --config and --preset, "
           "and change single keys with --set");
  const ResumePoint point = resolve_resume(o.resume, o.out.empty() ? "runs" : o.out);
  const Config before = checkpoint_config(point.checkpoint);
  Config config = before;
  apply_options(o, config);
  run_training(config, &before, point, o.quiet);
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand("train", "Train a generator on pictures");
  auto o = std::make_shared<TrainOptions>();
  cmd->add_option(
      "--data", o->data,
      "folder or zip of pictures (sub-folders are classes), MNIST-like idx file or folder, "
      "CIFAR-10 .bin, a built data set, or builtin:shapes");
  cmd->add_option("--out", o->out, "where run folders are made (default: runs)");
  cmd->add_option("--preset", o->sources.preset, "published variant to start from: official-tf");
  cmd->add_option("--config", o->sources.file, "TOML file with settings; see progan_cuda config");
  cmd->add_option("--set", o->sources.assignments,
                  "one setting, section.key=value; may be repeated (keys: config --describe)")
      ->take_all();
  o->resolution_given =
      cmd->add_option("--resolution", o->resolution,
                      "final size, a power of two from 4 to 1024 (default: the data's)");
  o->kimg_given =
      cmd->add_option("--kimg", o->kimg, "stop after this many thousand real images shown");
  cmd->add_option("--device", o->device,
                  "auto (a GPU where one answers), cpu, cuda or cuda:I (default: auto)");
  cmd->add_option("--precision", o->precision,
                  "fp32, tf32 or bf16; the CPU has fp32 alone (default: tf32 on a GPU)");
  o->threads_given =
      cmd->add_option("--threads", o->threads, "compute threads (default: all cores)");
  o->seed_given = cmd->add_option("--seed", o->seed, "random seed (default: 1000)");
  o->resume_given =
      cmd->add_option(
             "--resume", o->resume,
             "go on with a run: a folder, a number or a checkpoint file; alone: the newest")
          ->expected(0, 1);
  cmd->add_flag("--quiet", o->quiet, "no progress on the screen (log.txt still has all)");
  cmd->callback([o] { train(*o); });
}

}  // namespace pg::apps
