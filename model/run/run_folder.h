// run_folder.h: the folder of a training run, its files, and the search for a run to resume.
//
//   runs/00007-leaves-official-tf-64/   config.toml log.txt stats.jsonl reals.png fakes000160.png
//                                       checkpoint-000160.safetensors
//
// Names hold thousands of images shown, with three decimals unless they are whole
// (checkpoint-000001.500.safetensors), so no two states share one. Older programs rounded down.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/error.h"
#include "model/config/config.h"

namespace pg {

// The folder of a run that is being trained is gone; nothing can be written any more.
class RunFolderLost : public Error {
 public:
  using Error::Error;
};

class RunFolder {
 public:
  // Creates OUT/NUMBER-NAME with the next free number, atomically, and writes config.toml. OUT is
  // train.out; NAME is train.name, or data set, recipe or preset, and resolution. `data_name` comes
  // from data_slug. Throws IoError (read-only folder, full disk).
  static RunFolder create(const Config& config, std::string_view data_name);

  // An existing folder. Copies of this object share its path.
  explicit RunFolder(std::filesystem::path path);

  const std::filesystem::path& path() const { return place_->path; }
  std::filesystem::path config_file() const { return path() / "config.toml"; }
  std::filesystem::path log_file() const { return path() / "log.txt"; }
  std::filesystem::path stats_file() const { return path() / "stats.jsonl"; }
  std::filesystem::path reals_image() const { return path() / "reals.png"; }

  // With the RunLock held: true if the folder has been renamed, and path() is its new path. Throws
  // RunFolderLost if it has been deleted. Without the lock, does nothing.
  bool follow() const;

  std::filesystem::path fakes_image(int64_t images_shown) const;
  std::filesystem::path checkpoint_file(int64_t images_shown) const;

  std::filesystem::path latest_checkpoint() const { return path() / "latest.safetensors"; }
  std::filesystem::path best_checkpoint() const { return path() / "best.safetensors"; }
  std::filesystem::path finished_checkpoint(int64_t resolution) const;

  // Images shown according to the name of a numbered checkpoint or sample image, at least.
  static std::optional<int64_t> checkpoint_images(const std::filesystem::path& file);
  static std::optional<int64_t> fakes_images(const std::filesystem::path& file);

  // Numbered checkpoints and sample images, fewest images first.
  std::vector<std::filesystem::path> checkpoints() const;
  std::vector<std::filesystem::path> fakes_images() const;

  // Every checkpoint, under any name that a run gives one: latest, numbered, best, finished.
  std::vector<std::filesystem::path> all_checkpoints() const;

  // Throws IoError if something that is not a file has the name of a file of this run.
  void check_names() const;

  // Replaces config.toml atomically.
  void write_config(const Config& config) const;

  // Removes what interrupted writes left behind, if it is certain to be ours and not in use (see
  // scratch_folder.h). Only with the RunLock held.
  void remove_leftovers() const;

 private:
  friend class RunLock;
  struct Place {
    std::filesystem::path path;
    int fd = -1;  // of the folder, while it is locked
  };
  std::shared_ptr<Place> place_;
};

// Held while a run is trained, and while its checkpoint is chosen; released even if the process
// dies. Throws UsageError if another process holds it.
class RunLock {
 public:
  explicit RunLock(const RunFolder& run);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  RunFolder run_;
};

// Throws what RunFolder::create would throw for the folder `out`, as far as that can be known
// without creating anything: IoError for a file, a dangling link or a folder without permission.
void check_folder_of_runs(const std::filesystem::path& out);

// The runs in `out` (folders NUMBER-NAME), lowest number first; none if `out` does not exist.
std::vector<RunFolder> runs_in(const std::filesystem::path& out);

// The run folder given by a path, by its name in `out` or by its number in `out`.
std::optional<RunFolder> find_run(const std::string& argument, const std::filesystem::path& out);

// The name of a data source as part of a folder name: "/path/to/My Leaves.zip" -> "My-Leaves".
std::string data_slug(std::string_view source);

}  // namespace pg
