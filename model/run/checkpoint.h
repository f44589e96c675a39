// checkpoint.h: a training run in one safetensors file.
//
// Tensors: every parameter of G, Gs (the EMA) and D under "G/8x8/Conv1/weight", both optimizers'
// moments and step counts under "G.adam/v". Metadata: the counters below, the random state, the
// sums of the current tick and the resolved configuration as TOML. The header entry "version" is
// the checkpoint format; older formats stay readable. Filters are [K, R, S, C], dense layers [K, 1,
// 1, C].
#pragma once

#include <filesystem>
#include <limits>

#include "model/training/gan.h"

namespace pg {

// The position of a run. Together with the networks and the random state it is all that a resumed
// run needs to continue as if it had never stopped.
struct TrainingCounters {
  int64_t images_shown = 0;
  double lod = -1.0;         // when the schedule was last read; kNoLod before the first time
  int64_t looked_at = 0;     // images shown at that time
  int64_t repeat = 0;        // minibatches since then
  int64_t critic_steps = 0;  // updates of D since the last one of G
  int64_t tick_start = 0;    // images shown at the start of this tick
  int64_t next_images = 0;   // images shown at which the next sample image is due
  int64_t next_checkpoint = 0;
  uint64_t data_position = 0;
  int64_t iterations = 0;    // since the start of the run
  int64_t rollbacks = 0;     // after divergence
  int64_t rollback_to = -1;  // images shown at the checkpoint of the last one
  double best = std::numeric_limits<double>::infinity();  // lowest value of checkpoint.best_of
  // Of the current tick and since the last divergence check, without the sums that Gan still holds.
  StatsSums tick, window;
};

// Atomic: the former file is replaced only by a complete one. Throws IoError.
void write_checkpoint(const std::filesystem::path& path, const Gan& gan,
                      const TrainingCounters& counters);

// Fills `gan`, which has the same networks. Throws FormatError if names or shapes differ.
TrainingCounters read_checkpoint(const std::filesystem::path& path, Gan& gan);

// Reads the whole file and compares its checksums. Throws IoError, and FormatError if this program
// cannot read it.
void check_checkpoint(const std::filesystem::path& path);

// The configuration of the run that wrote a checkpoint. Throws IoError, FormatError.
Config checkpoint_config(const std::filesystem::path& path);

// Reads a network of a checkpoint, "G", "Gs" or "D", into `store`, which has the specs of its
// configuration. Throws FormatError if names or shapes differ.
void read_network(const std::filesystem::path& path, const std::string& network,
                  ParameterStore& store);

// Reads the EMA of a checkpoint into `ema` (Generator::specs of its configuration).
void read_ema(const std::filesystem::path& path, ParameterStore& ema);

}  // namespace pg
