// resume_point.cpp: recognises run folders, and chooses checkpoints with the lock held.
#include "model/run/resume_point.h"

#include <set>
#include <tuple>

#include "data/files/file_kind.h"
#include "data/files/read_file.h"
#include "model/run/append_file.h"
#include "model/run/log.h"
#include "model/run/network_file.h"
#include "model/run/stats.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSignature = "# Configuration of progan_cuda";

// The configuration of a run; none if the text is not one, or one without a data set (as
// `progan_cuda config` prints it). Only the signature is needed of a program with other keys.
struct RunConfig {
  bool ours = false;
  std::optional<Config> config;
};

RunConfig run_config(const fs::path& folder) {
  const fs::path file = RunFolder(folder).config_file();
  check_regular(file);
  if (!fs::exists(file)) return {};
  constexpr int64_t kMost = 1 << 20;
  const std::vector<uint8_t> bytes = read_file_start(file, kMost);
  const std::string text(bytes.begin(), bytes.end());
  for (const char* section :
       {"model", "schedule", "loss", "optimizer", "data", "train", "checkpoint"}) {
    if (text.find(message("\n[", section, "]\n")) == std::string::npos) return {};
  }
  try {
    Config config = config_from_toml(text, file.string());
    if (config.model.resolution == 0) return {};
    return {.ours = true, .config = std::move(config)};
  } catch (const UsageError&) {
    return {.ours = text.starts_with(kSignature), .config = std::nullopt};
  } catch (const FormatError&) {
    return {};
  }
}

// Whether `checkpoint` can be one of the run in `folder`: the same networks.
bool is_of_run(const Config& checkpoint, const fs::path& folder) {
  if (!is_run_folder(folder)) return false;
  const RunConfig of_run = run_config(folder);
  if (!of_run.config) return true;
  const auto networks = [](const Config& c) {
    const ModelConfig& m = c.model;
    return std::tuple(m.resolution, m.channels, m.fmap_base, m.fmap_max, m.label_size,
                      latent_size(c));
  };
  return networks(checkpoint) == networks(*of_run.config);
}

void take(std::unique_ptr<RunLock>* lock, const RunFolder& run) {
  if (lock != nullptr) *lock = std::make_unique<RunLock>(run);
}

// A file in no run folder may be a link to one in a run folder.
ResumePoint resume_file(const fs::path& file, std::unique_ptr<RunLock>* lock) {
  const Config config = config_in_header(file);
  std::vector<fs::path> folders = {folder_of(file)};
  if (fs::is_symlink(file)) folders.push_back(fs::canonical(file).parent_path());
  for (const fs::path& folder : folders) {
    if (!is_of_run(config, folder)) continue;
    const RunFolder run(folder);
    take(lock, run);
    return {.run = run, .checkpoint = file, .broken = {}, .continues = true};
  }
  return {.run = RunFolder(folders.front()), .checkpoint = file, .broken = {}, .continues = false};
}

// The newest checkpoint of `run`, which is locked first if training may continue in it.
ResumePoint resume_run(const RunFolder& run, std::unique_ptr<RunLock>* lock) {
  const bool continues = is_run_folder(run.path());
  if (continues) take(lock, run);
  const NewestCheckpoint newest = newest_checkpoint(run);
  return {.run = run,
          .checkpoint = newest.path.value_or(""),
          .broken = newest.broken,
          .continues = continues};
}

ResumePoint resume_newest_run(const fs::path& out, std::unique_ptr<RunLock>* lock) {
  std::vector<RunFolder> runs = renamed_runs_in(out);
  for (const RunFolder& run : runs_in(out)) runs.push_back(run);
  std::vector<std::string> broken;  // of newer runs, whose damage must not go unnoticed
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    // A run without any checkpoint may just be starting: it must get its lock.
    if (!is_run_folder(run->path()) || run->all_checkpoints().empty()) continue;
    ResumePoint point = resume_run(*run, lock);
    broken.insert(broken.end(), point.broken.begin(), point.broken.end());
    point.broken = broken;
    if (!point.checkpoint.empty()) return point;
    if (lock != nullptr) lock->reset();
  }
  throw UsageError(message("no run in '", out.string(),
                           "' has a checkpoint to resume from; give a run folder or a "
                           "checkpoint file"));
}

}  // namespace

bool is_run_folder(const fs::path& folder) {
  const RunFolder run(folder);
  return run_config(folder).ours && is_log(run.log_file()) && is_stats(run.stats_file());
}

std::vector<RunFolder> renamed_runs_in(const fs::path& out) {
  std::set<fs::path> others;
  std::error_code error;
  for (fs::directory_iterator it(out, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with('.') && it->is_directory(error)) others.insert(it->path());
  }
  for (const RunFolder& run : runs_in(out)) others.erase(run.path());
  std::vector<RunFolder> runs;
  for (const fs::path& folder : others) {
    if (is_run_folder(folder)) runs.emplace_back(folder);
  }
  return runs;
}

ResumePoint resolve_resume(const std::string& argument, const fs::path& out,
                           std::unique_ptr<RunLock>* lock) {
  if (argument.empty()) return resume_newest_run(out, lock);
  if (fs::is_regular_file(argument)) {
    reject_foreign(argument);
    return resume_file(argument, lock);
  }
  const auto run = find_run(argument, out);
  PG_CHECK(run, UsageError, "unknown run '", argument,
           "': expected a run folder, a checkpoint file, or the number or name of a run in '",
           out.string(), "' (progan_cuda runs lists them)");
  ResumePoint point = resume_run(*run, lock);
  PG_CHECK(!point.checkpoint.empty() || point.broken.empty(), FormatError, "no checkpoint of '",
           run->path().string(), "' is usable, of ", point.broken.size(), "; restore a copy (",
           point.broken.front(), ")");
  PG_CHECK(!point.checkpoint.empty(), UsageError, point.continues ? "run folder '" : "folder '",
           run->path().string(),
           "' has no checkpoint; name another run (progan_cuda runs lists them), or start one");
  return point;
}

Safetensors open_networks(const std::string& argument, const fs::path& out,
                          std::vector<std::string>* skipped) {
  if (fs::is_regular_file(argument)) {
    reject_foreign(argument);
    Safetensors file(argument);
    if (is_network_file(file.metadata())) return file;
  }
  return open_resume(argument, out, skipped);
}

Safetensors open_resume(const std::string& argument, const fs::path& out,
                        std::vector<std::string>* skipped) {
  constexpr int kTries = 100;
  for (int i = 1;; ++i) {
    const ResumePoint point = resolve_resume(argument, out);
    const fs::path& path = point.checkpoint;
    if (skipped != nullptr) *skipped = point.broken;
    try {
      return open_checkpoint(path);
    } catch (const IoError&) {
      if (i == kTries || fs::exists(path)) throw;
    }
  }
}

}  // namespace pg
