// checkpoint_files.h: writes the checkpoints in a run folder, and removes old ones.
//
//   checkpoint-000160.safetensors  every checkpoint.every_kimg; the last checkpoint.keep are kept
//                                  (-000160.032 unless the thousands of images are whole)
//   latest.safetensors             at the start, at a stop and every checkpoint.every_minutes;
//                                  removed once a numbered one is newer
//   finished-16x16.safetensors     before the networks grow beyond 16x16; kept
//   best.safetensors               at the lowest checkpoint.best_of so far; kept
#pragma once

#include "model/run/checkpoint_list.h"

namespace pg {

// All writes are atomic: after an IoError the former files are unchanged. A file of the same name
// that holds another state is set aside (set_aside.h), except for latest, best and finished, which
// are meant to be replaced. Contents depend on `gan`
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

// Removes the oldest numbered checkpoints until `keep` are left (0: keeps all), but never
// `written`, which is the oldest after a roll back to an early checkpoint, and nothing that is not
// an intact checkpoint. Returns the number of removed files. Throws IoError.
int64_t prune_checkpoints(const RunFolder& run, int64_t keep, const std::filesystem::path& written);

}  // namespace pg
