// checkpoint_files.h: the checkpoints in a run folder: their names, which ones are kept, and which
// one a run resumes from.
//
//   checkpoint-000160.safetensors  every checkpoint.every_kimg; the last checkpoint.keep are kept
//   latest.safetensors             at the start, at a stop and every checkpoint.every_minutes;
//                                  removed once a numbered one is newer
//   finished-16x16.safetensors     before the networks grow beyond 16x16; kept
//   best.safetensors               at the lowest checkpoint.best_of so far; kept
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "model/run/checkpoint.h"
#include "model/run/run_folder.h"

namespace pg {

// All writes are atomic: after an IoError the former files are unchanged. Contents depend on `gan`
// and `counters` alone, so a resumed run ends with the same files as one that never stopped.
class CheckpointFiles {
 public:
  CheckpointFiles(const RunFolder& run, const CheckpointConfig& config);

  void write_numbered(const Gan& gan, const TrainingCounters& counters) const;
  void write_latest(const Gan& gan, const TrainingCounters& counters) const;
  void write_finished(int64_t resolution, const Gan& gan, const TrainingCounters& counters) const;
  void write_best(const Gan& gan, const TrainingCounters& counters) const;

 private:
  RunFolder run_;
  CheckpointConfig config_;
};

struct NewestCheckpoint {
  std::optional<std::filesystem::path> path;  // none if every file is damaged
  std::vector<std::string> broken;            // a sentence for each newer, damaged file
};

// The checkpoint of `run` with the most images, but fewer than `below`, and correct checksums.
// Throws IoError if the folder cannot be read.
NewestCheckpoint newest_checkpoint(const RunFolder& run,
                                   int64_t below = std::numeric_limits<int64_t>::max());

// Images shown at a checkpoint, from its header alone. Throws IoError, FormatError.
int64_t checkpoint_images(const std::filesystem::path& path);

// A run that continues from an earlier checkpoint no longer uses later ones: they are renamed to
// "superseded-" + name. Returns their former paths. Throws IoError.
inline constexpr const char* kSetAside = "superseded-";
std::vector<std::filesystem::path> set_aside_after(const RunFolder& run, int64_t images_shown);

struct ResumePoint {
  RunFolder run;
  std::filesystem::path checkpoint;
  std::vector<std::string> broken;  // newer files that were skipped, see NewestCheckpoint
};

// Resolves --resume ARGUMENT: a checkpoint file; a run folder (its newest undamaged checkpoint)
// given by path, by name in `out` or by number in `out`; empty: the newest run in `out` that has a
// checkpoint. Throws UsageError if there is none.
ResumePoint resolve_resume(const std::string& argument, const std::filesystem::path& out);

}  // namespace pg
