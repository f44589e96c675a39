// run_folder.h: the folder of a training run, its files, and the search for a run to resume.
//
//   runs/00007-leaves-official-tf-64/   config.toml log.txt stats.jsonl reals.png fakes000160.png
//                                       checkpoint-000160.safetensors
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config/config.h"

namespace pg {

class RunFolder {
 public:
  // Creates OUT/NUMBER-NAME with the next free number, atomically, and writes config.toml. OUT is
  // train.out; NAME is train.name, or data set, preset and resolution. `data_name` comes from
  // data_slug. Throws IoError (read-only folder, full disk).
  static RunFolder create(const Config& config, std::string_view data_name);

  // An existing folder.
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config_file() const { return path_ / "config.toml"; }
  std::filesystem::path log_file() const { return path_ / "log.txt"; }
  std::filesystem::path stats_file() const { return path_ / "stats.jsonl"; }
  std::filesystem::path reals_image() const { return path_ / "reals.png"; }

  // Named by the thousands of images shown, rounded down.
  std::filesystem::path fakes_image(int64_t images_shown) const;
  std::filesystem::path checkpoint_file(int64_t images_shown) const;

  std::filesystem::path latest_checkpoint() const { return path_ / "latest.safetensors"; }
  std::filesystem::path best_checkpoint() const { return path_ / "best.safetensors"; }
  std::filesystem::path finished_checkpoint(int64_t resolution) const;

  // checkpoint-NUMBER.safetensors, fewest images first.
  std::vector<std::filesystem::path> checkpoints() const;

  // Replaces config.toml atomically.
  void write_config(const Config& config) const;

  // Removes the oldest checkpoints until `keep` are left (0: keeps all), but never `written`, which
  // is the oldest after a roll back to an early checkpoint. Returns the number of removed files.
  int64_t prune_checkpoints(int64_t keep, const std::filesystem::path& written) const;

  // Removes temporary files of interrupted writes. Only with the RunLock held.
  void remove_leftovers() const;

 private:
  std::filesystem::path path_;
};

// Held while a run is trained; released even if the process dies. Throws UsageError if another
// process holds it.
class RunLock {
 public:
  explicit RunLock(const RunFolder& run);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int fd_ = -1;
};

// The runs in `out` (folders NUMBER-NAME), lowest number first; none if `out` does not exist.
std::vector<RunFolder> runs_in(const std::filesystem::path& out);

// The run folder given by a path, by its name in `out` or by its number in `out`.
std::optional<RunFolder> find_run(const std::string& argument, const std::filesystem::path& out);

// The name of a data source as part of a folder name: "/path/to/My Leaves.zip" -> "My-Leaves".
std::string data_slug(std::string_view source);

}  // namespace pg
