// checkpoint.h: a training run in one safetensors file.
//
// Tensors: every parameter of G, Gs (the averaged generator) and D under "G/8x8/Conv1/weight", both
// optimizers' moments and step counts under "G.adam/v". Metadata: the counters below, the random
// state, the sums of the tick that is not over yet and the resolved configuration as TOML. A header
// entry "version" names the form; files of older forms stay readable. Filters are [K, R, S, C],
// dense layers [K, 1, 1, C].
#pragma once

#include <filesystem>
#include <limits>

#include "model/training/gan.h"

namespace pg {

// Where a run stands, besides the networks. What is here and in Gan::RandomState is all that a
// resumed run needs to go on as if it had never stopped.
struct TrainingCounters {
  int64_t images_shown = 0;
  double lod = -1.0;         // at the last look at the schedule; kNoLod before the first
  int64_t looked_at = 0;     // images shown at that look
  int64_t repeat = 0;        // minibatches done since then
  int64_t critic_steps = 0;  // steps of D since the last of G
  int64_t tick_start = 0;    // images shown at the start of this tick
  int64_t next_images = 0;   // images shown at which the next picture is due
  int64_t next_checkpoint = 0;
  uint64_t data_position = 0;
  int64_t iterations = 0;    // since the run began
  int64_t rollbacks = 0;     // after divergence
  int64_t rollback_to = -1;  // images shown at the checkpoint of the last one
  double best = std::numeric_limits<double>::infinity();  // lowest value of checkpoint.best_of
  // Of the present tick and since the guard's last look, but for what the Gan still holds.
  StatsSums tick, window;
};

// Atomic: the former file stays until the new one is complete. Throws IoError.
void write_checkpoint(const std::filesystem::path& path, const Gan& gan,
                      const TrainingCounters& counters);

// Fills `gan`, made for the same networks. Throws FormatError where names or shapes do not fit.
TrainingCounters read_checkpoint(const std::filesystem::path& path, Gan& gan);

// Reads the whole file and compares its checksums. Throws IoError, FormatError where it is no
// checkpoint that this program can read.
void check_checkpoint(const std::filesystem::path& path);

// The configuration that a checkpoint was made with. Throws IoError, FormatError.
Config checkpoint_config(const std::filesystem::path& path);

// A network of a checkpoint, "G", "Gs" or "D", into `store`, made of the specs of its
// configuration. Throws FormatError where names or shapes do not fit.
void read_network(const std::filesystem::path& path, const std::string& network,
                  ParameterStore& store);

// The averaged generator of a checkpoint into `average` (Generator::specs of its configuration).
void read_average(const std::filesystem::path& path, ParameterStore& average);

}  // namespace pg
