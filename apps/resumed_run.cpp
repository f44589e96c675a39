// resumed_run.cpp: settings of a resumed run, and the place of its images.
#include "apps/resumed_run.h"

#include <filesystem>

#include "apps/print.h"
#include "apps/train_data.h"
#include "data/files/shown.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"
#include "model/config/schedule.h"

namespace pg::apps {
namespace {

namespace fs = std::filesystem;

// 0 means "that of the data set", which a run has found out long ago.
void keep_sizes(ModelConfig& m, const ModelConfig& before) {
  if (m.resolution == 0) m.resolution = before.resolution;
  if (m.channels == 0) m.channels = before.channels;
  if (m.latent_size == 0) m.latent_size = before.latent_size;
  if (m.label_size == 0) m.label_size = before.label_size;
}

// The folder that holds the folder of a run.
std::string folder_of_runs(const ResumedRun& run) {
  const fs::path path = run.point.run.path(), folder = fs::canonical(path).parent_path();
  return path.is_absolute() ? folder.string() : fs::proximate(folder).string();
}

// The folder in which a run was started, by the place of its folder, which may have been moved with
// everything around it. Empty if it does not show.
fs::path started_in(const ResumedRun& run) {
  const fs::path out = fs::path(run.before.train.out).lexically_normal();
  if (!run.point.continues || out.is_absolute()) return {};
  std::error_code error;
  fs::path folder = fs::canonical(run.point.run.path(), error).parent_path();
  std::vector<fs::path> parts(out.begin(), out.end());
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->empty()) continue;
    if (*part != folder.filename()) return {};
    folder = folder.parent_path();
  }
  return error ? fs::path() : folder;
}

// The images of a run that was not given others: as its data.path says here, else where they were.
void find_data(Config& config, const ResumedRun& run) {
  if (full_path_of(config.data.path).empty()) return;
  std::vector<fs::path> places = {config.data.path};
  if (!config.data.full_path.empty()) places.emplace_back(config.data.full_path);
  const fs::path start = started_in(run);
  if (!start.empty()) places.push_back(start / config.data.path);
  std::error_code error;
  for (const fs::path& place : places) {
    if (!fs::exists(place, error)) continue;
    config.data.full_path = fs::absolute(place).lexically_normal().string();
    return;
  }
  const std::string also = places.size() < 2 ? "" : message(" nor '", places[1].string(), "'");
  throw IoError(message("the images of the run are gone: its data.path, '", config.data.path, "', ",
                        also.empty() ? "does not exist" : "does not exist here,", also,
                        "; give their place with --data"));
}

// For a run that was not named: images that were given must be its own.
void check_images(const ResumedRun& run, const Config& config) {
  const std::string &was = run.before.data.path, &is = config.data.path;
  std::error_code error;
  const bool same =
      is == was || full_path_of(is) == run.before.data.full_path || fs::equivalent(is, was, error);
  const bool gone =
      !was.starts_with("builtin:") && !fs::exists(was, error) &&
      !fs::exists(run.before.data.full_path, error);  // then `is` may be its new place
  PG_CHECK(same || gone, UsageError, "the newest run, '", run.point.run.path().string(),
           "', was trained on ", shown(was), ", not ", shown(is),
           "; name the run to resume: --resume RUN (progan_cuda runs lists them)");
}

bool finished(const ResumedRun& run, const Config& config) {
  const bool unknown = config.schedule.unit == ScheduleUnit::epochs && config.data.images == 0;
  return !unknown && run.counters.images_shown >= total_images(config);
}

// How a run with this many images per stage is made longer.
std::string longer(const Config& config, int64_t images_shown) {
  Config endless = config;
  endless.schedule.total_kimg = 0;
  const bool by_stages =
      config.schedule.unit != ScheduleUnit::kimg && total_images(config) == total_images(endless);
  if (!by_stages) return message("--kimg N with N above ", kimg_of(images_shown));
  return message("--set schedule.stage_lengths.", config.model.resolution, "=N with more ",
                 config.schedule.unit == ScheduleUnit::epochs ? "epochs" : "iterations");
}

}  // namespace

Config ResumedRun::compared_with(const Config& config) const {
  Config former = before;
  if (!point.continues) {  // a new run has its own folder
    former.train.out = config.train.out;
    former.train.name = config.train.name;
  }
  if (before.data.path.empty()) {  // networks of another program have not been trained here
    former.data = config.data;
    former.model.label_size = config.model.label_size;
    former.train.precision = config.train.precision;
  }
  if (!grows(config)) return former;
  former.model.resolution = config.model.resolution;
  former.schedule.extra_kimg = config.schedule.extra_kimg;
  former.schedule.total_kimg = config.schedule.total_kimg;
  return former;
}

ResumedRun find_resumed_run(const std::string& argument, const RunOptions& o) {
  std::unique_ptr<RunLock> lock;
  ResumePoint point = resolve_resume(argument, o.out.empty() ? "runs" : o.out, &lock);
  const Safetensors file = open_checkpoint(point.checkpoint);
  return {.point = std::move(point),
          .before = checkpoint_config(file),
          .counters = read_counters(file),
          .lock = std::move(lock)};
}

Config resumed_config(ResumedRun& run, const RunOptions& o, bool newest) {
  Config config = run.before;
  apply_options(o, config);
  if (newest) check_images(run, config);
  keep_sizes(config.model, run.before.model);
  check_resumable(run.before, config);
  if (run.grows(config)) {
    const bool given =
        *o.kimg_given || config.schedule.total_kimg != run.before.schedule.total_kimg;
    grow_schedule(config, run.before, run.counters, given ? TotalKimg::given : TotalKimg::extended);
    if (run.point.continues && o.out.empty()) config.train.out = folder_of_runs(run);
  }
  if (config.data.path == run.before.data.path && o.data.empty()) {
    find_data(config, run);
  } else {
    config.data.full_path = full_path_of(config.data.path);
  }
  if (run.grows(config)) {  // the old run stays as it is
    run.point.continues = false;
    run.lock.reset();
  }
  return config;
}

bool nothing_is_left(const ResumedRun& run, const Config& config) {
  if (!finished(run, config)) return false;
  const int64_t r = config.model.resolution;
  if (run.grows(config)) {
    note(
        "nothing is left to train: '{}' has shown {} kimg; to grow it to {}x{}, raise --kimg "
        "above that\n",
        run.point.checkpoint.string(), kimg_of(run.counters.images_shown), r, r);
    return true;
  }
  const std::string grow =
      r < kMaxResolution ? message("; to grow it to ", 2 * r, "x", 2 * r, ": --resolution ", 2 * r)
                         : "";
  note("nothing is left to train: '{}' has shown all its {} kimg; to train longer: {}{}\n",
       run.point.checkpoint.string(), kimg_of(run.counters.images_shown),
       longer(config, run.counters.images_shown), grow);
  return true;
}

std::string resume_text(const ResumedRun& run, const Config& config) {
  const std::string from = run.point.checkpoint.string();
  if (run.grows(config)) {
    const int64_t was = run.before.model.resolution, is = config.model.resolution;
    return message("grows from ", was, "x", was, " to ", is, "x", is, " as a new run, from ", from,
                   "; ", 2 * was, "x", 2 * was, " fades in from ",
                   kimg_of(start_of_growth(config, was)), " kimg, and the run ends at ",
                   kimg_of(total_images(config)), " kimg");
  }
  return message("resumed from ", from,
                 run.point.continues ? "" : ", which lies in no run folder, as a new run");
}

}  // namespace pg::apps
