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

#include "data/files/output_path.h"
#include "data/formats/safetensors.h"
#include "model/training/gan.h"

namespace pg {

// A checkpoint that only a newer program can read. It is not damaged, so none takes its place.
class NewerFormatError : public FormatError {
 public:
  using FormatError::FormatError;
};

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
void write_checkpoint(const OutputPath& to, const Gan& gan, const TrainingCounters& counters);

// Fills `gan`, which has the same networks, or ones of a higher final resolution: the layers that
// the checkpoint lacks keep their initial values, and the lod counts from there. Throws FormatError
// if names or shapes differ, a number is out of range, or a tensor is not finite.
TrainingCounters read_checkpoint(const std::filesystem::path& path, Gan& gan);

// Reads the whole file and compares its checksums. Throws IoError, FormatError if it is damaged or
// not a checkpoint, NewerFormatError if this program cannot read it. The result stays readable if
// the file is replaced or removed.
Safetensors open_checkpoint(const std::filesystem::path& path);

// The counters of an open checkpoint. Throws FormatError if a number is out of range.
TrainingCounters read_counters(const Safetensors& file);

// The position of a checkpoint. Throws as open_checkpoint.
struct CheckpointHeader {
  int64_t images_shown = 0;
  int64_t iterations = 0;
  int64_t looked_at = 0;  // images shown when the schedule was last read
};
CheckpointHeader read_checkpoint_header(const std::filesystem::path& path);

// The configuration of the run that wrote a checkpoint. Throws FormatError, and NewerFormatError if
// it has keys that this program does not know.
Config checkpoint_config(const Safetensors& file);
Config checkpoint_config(const std::filesystem::path& path);
// The same from the header alone, without a look at the tensors.
Config config_in_header(const std::filesystem::path& path);

// Reads a network of a checkpoint, "G", "Gs" (the EMA) or "D", into `store`, which has the specs of
// its configuration; or that of an exported network (network_file.h). Throws FormatError if names
// or shapes differ or a weight is not finite, UsageError if an export holds another network.
void read_network(const Safetensors& file, const std::string& network, ParameterStore& store);

// Reads the EMA of a checkpoint into `ema` (Generator::specs of its configuration).
void read_ema(const std::filesystem::path& path, ParameterStore& ema);

}  // namespace pg
