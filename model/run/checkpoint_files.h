// checkpoint_files.h: the checkpoints in a run folder: when one is written under which name, which
// are kept, and which one a run goes on from.
//
//   checkpoint-000160.safetensors  every checkpoint.every_kimg; the latest checkpoint.keep stay
//   latest.safetensors             when the run begins or is stopped, and every
//                                  checkpoint.every_minutes; goes when a numbered one is newer
//   finished-16x16.safetensors     before the networks grow beyond 16x16; stays
//   best.safetensors               where checkpoint.best_of was lowest; stays
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "model/run/checkpoint.h"
#include "model/run/run_folder.h"

namespace pg {

// All writes are atomic and throw IoError, after which the former files stand as they were. What is
// written depends on `gan` and `counters` alone, so that a run that was resumed ends with the files
// of one that never stopped.
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
  std::optional<std::filesystem::path> path;  // none where no file is whole
  std::vector<std::string> broken;            // a sentence for each newer file that is not whole
};

// The checkpoint of `run` with the most images, fewer than `below`, whose checksums are right.
// Throws IoError where the folder cannot be read.
NewestCheckpoint newest_checkpoint(const RunFolder& run,
                                   int64_t below = std::numeric_limits<int64_t>::max());

// Images shown at a checkpoint, from its header alone. Throws IoError, FormatError.
int64_t checkpoint_images(const std::filesystem::path& path);

// A run that goes on from an earlier checkpoint leaves those after it behind: they are renamed to
// "superseded-" and their name, so that nothing takes them for its own later. Returns their former
// names. Throws IoError.
inline constexpr const char* kSetAside = "superseded-";
std::vector<std::filesystem::path> set_aside_after(const RunFolder& run, int64_t images_shown);

struct ResumePoint {
  RunFolder run;
  std::filesystem::path checkpoint;
  std::vector<std::string> broken;  // newer files that were passed over, see NewestCheckpoint
};

// What --resume ARGUMENT means: a checkpoint file; a run folder (its newest whole checkpoint),
// given by path, by name in `out` or by number in `out`; nothing: the newest run in `out` that has
// a checkpoint. Throws UsageError where there is none.
ResumePoint resolve_resume(const std::string& argument, const std::filesystem::path& out);

}  // namespace pg
