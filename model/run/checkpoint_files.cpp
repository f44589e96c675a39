// checkpoint_files.cpp: writing, finding and setting aside the checkpoints of a run.
#include "model/run/checkpoint_files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "data/files/atomic_file.h"
#include "data/files/io_error.h"
#include "data/formats/safetensors.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

struct Candidate {
  int64_t images = 0;
  fs::path path;
  std::string broken;  // why its header cannot be read; empty: it can
};

Candidate candidate(const fs::path& path) {
  Candidate c{.images = 0, .path = path, .broken = ""};
  try {
    c.images = checkpoint_images(path);
  } catch (const Error& error) {
    c.broken = error.what();
  }
  return c;
}

// Every file of `run` with the name of a checkpoint, most images first; of two with equally many,
// the one written later. Unreadable files come first, so that they are reported.
std::vector<Candidate> candidates(const RunFolder& run) {
  std::vector<fs::path> paths;
  if (fs::exists(run.latest_checkpoint())) paths.push_back(run.latest_checkpoint());
  for (fs::path& path : run.checkpoints()) paths.push_back(std::move(path));
  if (fs::exists(run.best_checkpoint())) paths.push_back(run.best_checkpoint());
  for (int64_t resolution = 4; resolution <= 1024; resolution *= 2) {
    const fs::path path = run.finished_checkpoint(resolution);
    if (fs::exists(path)) paths.push_back(path);
  }
  std::vector<Candidate> all;
  for (const fs::path& path : paths) all.push_back(candidate(path));
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    if (a.broken.empty() != b.broken.empty()) return !a.broken.empty();
    return a.images > b.images;
  });
  return all;
}

}  // namespace

CheckpointFiles::CheckpointFiles(const RunFolder& run, const CheckpointConfig& config)
    : run_(run), config_(config) {}

void CheckpointFiles::write_numbered(const Gan& gan, const TrainingCounters& counters) const {
  const fs::path path = run_.checkpoint_file(counters.images_shown);
  write_checkpoint(path, gan, counters);
  run_.prune_checkpoints(config_.keep, path);
  const fs::path latest = run_.latest_checkpoint();
  if (::unlink(latest.c_str()) != 0 && errno != ENOENT) throw_io_error("remove", latest, errno);
}

void CheckpointFiles::write_latest(const Gan& gan, const TrainingCounters& counters) const {
  write_checkpoint(run_.latest_checkpoint(), gan, counters);
}

void CheckpointFiles::write_finished(int64_t resolution, const Gan& gan,
                                     const TrainingCounters& counters) const {
  if (config_.keep_finished) write_checkpoint(run_.finished_checkpoint(resolution), gan, counters);
}

void CheckpointFiles::write_best(const Gan& gan, const TrainingCounters& counters) const {
  write_checkpoint(run_.best_checkpoint(), gan, counters);
}

int64_t checkpoint_images(const fs::path& path) {
  const Metadata metadata = read_safetensors_metadata(path);
  const auto entry = metadata.find("images_shown");
  PG_CHECK(entry != metadata.end(), FormatError, "'", path.string(),
           "' is not a checkpoint: images_shown is missing");
  int64_t images = 0;
  std::from_chars(entry->second.data(), entry->second.data() + entry->second.size(), images);
  return images;
}

NewestCheckpoint newest_checkpoint(const RunFolder& run, int64_t below) {
  NewestCheckpoint newest;
  for (const Candidate& c : candidates(run)) {
    if (c.broken.empty() && c.images >= below) continue;
    std::string broken = c.broken;
    try {
      if (broken.empty()) check_checkpoint(c.path);
    } catch (const Error& error) {
      broken = error.what();
    }
    if (broken.empty()) {
      newest.path = c.path;
      break;
    }
    newest.broken.push_back(std::move(broken));
  }
  return newest;
}

std::vector<fs::path> set_aside_after(const RunFolder& run, int64_t images_shown) {
  std::vector<fs::path> gone;
  for (const Candidate& c : candidates(run)) {
    if (!c.broken.empty() || c.images <= images_shown) continue;
    const fs::path aside = run.path() / (kSetAside + c.path.filename().string());
    if (::rename(c.path.c_str(), aside.c_str()) != 0) throw_io_error("rename", c.path, errno);
    gone.push_back(c.path);
  }
  if (!gone.empty()) sync_folder(run.path());
  return gone;
}

ResumePoint resolve_resume(const std::string& argument, const fs::path& out) {
  if (argument.empty()) {
    const std::vector<RunFolder> runs = runs_in(out);
    std::vector<std::string> broken;  // of newer runs, whose damage must not go unnoticed
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
      NewestCheckpoint newest = newest_checkpoint(*run);
      broken.insert(broken.end(), newest.broken.begin(), newest.broken.end());
      if (newest.path) return {*run, *newest.path, std::move(broken)};
    }
    throw UsageError(message("no run in '", out.string(),
                             "' has a checkpoint to resume from; give a run folder or a "
                             "checkpoint file"));
  }
  if (fs::is_regular_file(argument)) {
    const fs::path parent = fs::path(argument).parent_path();
    return {RunFolder(parent.empty() ? "." : parent), argument, {}};
  }
  const auto run = find_run(argument, out);
  PG_CHECK(run, UsageError, "cannot resume from '", argument,
           "': expected a run folder, a checkpoint file or a run in '", out.string(), "'");
  const NewestCheckpoint newest = newest_checkpoint(*run);
  PG_CHECK(newest.path, UsageError, "run folder '", run->path().string(),
           "' has no checkpoint to resume from; start a new run",
           newest.broken.empty() ? "" : message(" (", newest.broken.front(), ")"));
  return {*run, *newest.path, newest.broken};
}

}  // namespace pg
