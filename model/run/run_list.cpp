// run_list.cpp: reads configurations, statistics and headers of checkpoints.
#include "model/run/run_list.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/formats/json.h"
#include "model/config/schedule.h"
#include "model/run/checkpoint.h"
#include "model/run/checkpoint_list.h"
#include "model/run/resume_point.h"
#include "model/run/run_folder.h"
#include "model/run/stats.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

// Whether an open file of the process is this folder: file systems in layers show another device
// number in the lock table.
bool has_open(int64_t process, const fs::path& folder) {
  std::error_code error;
  const fs::path files = "/proc/" + std::to_string(process) + "/fd";
  for (fs::directory_iterator it(files, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    if (fs::equivalent(it->path(), folder, gone) && !gone) return true;
  }
  return false;
}

int64_t modified(const fs::path& file) {
  struct stat status = {};
  return ::stat(file.c_str(), &status) == 0 ? static_cast<int64_t>(status.st_mtime) : 0;
}

double number_in(const nlohmann::json& object, const char* key) {
  const bool found = object.is_object() && object.contains(key) && object[key].is_number();
  return found ? object[key].get<double>() : 0.0;
}

// Ticks are newer than checkpoints: those are written every few minutes only.
void add_stats(ListedRun& run, const RunFolder& folder) {
  for (const std::string& text : read_stats(folder.stats_file())) {
    const nlohmann::json line = parse_json_or_discard(text);
    const double kimg = number_in(line, "kimg");
    if (kimg > 0.0 && kimg < 1e9) {
      run.images_shown =
          std::max(run.images_shown, static_cast<int64_t>(std::llround(kimg * 1000.0)));
    }
  }
  run.seconds = seconds_trained(folder.stats_file());
  run.changed = std::max(run.changed, modified(folder.stats_file()));
}

// The checkpoint with the most images that can be resumed from, by its header; none: empty.
fs::path add_checkpoints(ListedRun& run, const RunFolder& folder) {
  fs::path newest;
  int64_t most = -1;
  for (const ListedCheckpoint& checkpoint : list_checkpoints(folder)) {
    if (!checkpoint.broken.empty()) {
      if (run.problem.empty()) run.problem = checkpoint.broken;
      continue;
    }
    if (checkpoint.header.images_shown > most) newest = checkpoint.path;
    most = std::max(most, checkpoint.header.images_shown);
    run.images_shown = std::max(run.images_shown, most);
    run.changed = std::max(run.changed, modified(checkpoint.path));
  }
  return newest;
}

// A resume may have changed the end of the run: config.toml is as it was at the start.
void add_course(ListedRun& run, const RunFolder& folder, const fs::path& checkpoint) {
  Config config;
  int64_t read_at = run.images_shown;
  if (checkpoint.empty()) {
    read_toml(config, folder.config_file());
  } else {
    config = config_in_header(checkpoint);
    const CheckpointHeader header = read_checkpoint_header(checkpoint);
    if (header.images_shown == run.images_shown) read_at = header.looked_at;
  }
  run.total_images = total_images(config);
  run.fade = schedule_at(config, read_at).fade;
}

ListedRun listed(const RunFolder& folder) {
  ListedRun run;
  run.folder = folder.path();
  const std::string name = folder.path().filename().string();
  run.number = name.find_first_of("0123456789") == 0 ? std::atoll(name.c_str()) : -1;
  try {
    add_stats(run, folder);
    const fs::path checkpoint = add_checkpoints(run, folder);
    const bool resumable = !checkpoint.empty();
    const bool damaged = !resumable && !run.problem.empty();
    if (!damaged) run.problem.clear();
    add_course(run, folder, checkpoint);
    const bool ended = run.total_images > 0 && run.images_shown >= run.total_images;
    run.state = damaged      ? RunState::damaged
                : !resumable ? RunState::empty
                : ended      ? RunState::finished
                             : RunState::stopped;
  } catch (const Error& error) {
    run.state = RunState::damaged;
    run.problem = error.what();
  }
  if (const auto process = training_process(folder.path())) {
    run.state = RunState::running;
    run.process = *process;
  }
  return run;
}

bool holds_a_run(const RunFolder& folder) {
  std::error_code error;
  for (const fs::path& file : {folder.config_file(), folder.log_file(), folder.stats_file()}) {
    if (fs::is_regular_file(file, error)) return true;
  }
  return !folder.all_checkpoints().empty();
}

}  // namespace

const char* state_name(RunState state) {
  constexpr std::array<const char*, 5> kNames = {"running", "finished", "stopped", "empty",
                                                 "damaged"};
  return kNames[static_cast<size_t>(state)];
}

std::optional<int64_t> training_process(const fs::path& folder) {
  struct stat status = {};
  if (::stat(folder.c_str(), &status) != 0) return std::nullopt;
  std::ifstream table("/proc/locks");
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string number, kind, strength, access, place;
    int64_t process = 0;
    fields >> number >> kind >> strength >> access >> process >> place;
    unsigned int major_number = 0, minor_number = 0;
    unsigned long long inode = 0;
    const int read = std::sscanf(place.c_str(), "%x:%x:%llu", &major_number, &minor_number, &inode);
    if (kind != "FLOCK" || access != "WRITE" || read != 3 || inode != status.st_ino) continue;
    const bool same_device =
        major_number == major(status.st_dev) && minor_number == minor(status.st_dev);
    if (same_device || has_open(process, folder)) return std::max<int64_t>(process, 0);
  }
  return std::nullopt;
}

std::vector<ListedRun> list_runs(const fs::path& out) {
  std::vector<ListedRun> runs;
  for (const RunFolder& folder : runs_in(out)) {
    if (holds_a_run(folder)) runs.push_back(listed(folder));
  }
  std::reverse(runs.begin(), runs.end());
  for (const RunFolder& folder : renamed_runs_in(out)) runs.push_back(listed(folder));
  return runs;
}

}  // namespace pg
