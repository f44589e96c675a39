// checkpoint_files.cpp: writes checkpoints without losing one.
#include "model/run/checkpoint_files.h"

#include <unistd.h>

#include <cerrno>

#include "data/files/io_error.h"
#include "model/run/append_file.h"
#include "model/run/set_aside.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

// Images shown at the checkpoint `path`; none if it is damaged.
std::optional<int64_t> images_at(const fs::path& path) {
  try {
    return checkpoint_images(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool has_entry(const fs::path& path) {
  return fs::symlink_status(path).type() != fs::file_type::not_found;
}

// Before a checkpoint is renamed to `path`. A link would lead to a file outside of the run.
void make_way(const fs::path& path) {
  check_regular(path);
  if (fs::is_symlink(path)) set_aside(path);
}

}  // namespace

CheckpointFiles::CheckpointFiles(const RunFolder& run, const CheckpointConfig& config)
    : run_(run), config_(config) {}

void CheckpointFiles::write_numbered(const Gan& gan, const TrainingCounters& counters) const {
  const fs::path path = run_.checkpoint_file(counters.images_shown);
  make_way(path);
  if (has_entry(path) && images_at(path) != counters.images_shown) set_aside(path);
  write_checkpoint(path, gan, counters);
  prune_checkpoints(run_, config_.keep, path);
  const fs::path latest = run_.latest_checkpoint();
  make_way(latest);
  if (!has_entry(latest)) return;
  // A damaged one may be the only trace of a later state.
  const auto images = images_at(latest);
  if (!images || *images > counters.images_shown) {
    set_aside(latest);
  } else if (::unlink(latest.c_str()) != 0 && errno != ENOENT) {
    throw_io_error("remove", latest, errno);
  }
}

void CheckpointFiles::write_latest(const Gan& gan, const TrainingCounters& counters) const {
  make_way(run_.latest_checkpoint());
  write_checkpoint(run_.latest_checkpoint(), gan, counters);
}

void CheckpointFiles::write_finished(int64_t resolution, const Gan& gan,
                                     const TrainingCounters& counters) const {
  if (!config_.keep_finished) return;
  make_way(run_.finished_checkpoint(resolution));
  write_checkpoint(run_.finished_checkpoint(resolution), gan, counters);
}

void CheckpointFiles::write_best(const Gan& gan, const TrainingCounters& counters) const {
  make_way(run_.best_checkpoint());
  write_checkpoint(run_.best_checkpoint(), gan, counters);
}

int64_t prune_checkpoints(const RunFolder& run, int64_t keep, const fs::path& written) {
  if (keep == 0) return 0;
  std::vector<ListedCheckpoint> all = list_checkpoints(run);
  std::erase_if(all, [](const ListedCheckpoint& c) {
    return !c.broken.empty() || !RunFolder::checkpoint_images(c.path);
  });
  int64_t left = static_cast<int64_t>(all.size()), removed = 0;
  for (auto c = all.rbegin(); c != all.rend() && left > keep; ++c) {
    if (c->path.filename() == written.filename()) continue;
    if (::unlink(c->path.c_str()) != 0) throw_io_error("remove", c->path, errno);
    --left;
    ++removed;
  }
  return removed;
}

}  // namespace pg
