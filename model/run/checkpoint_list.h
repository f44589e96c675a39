// checkpoint_list.h: the checkpoints that a run folder holds, and the newest of them.
//
// Other processes may write and remove checkpoints at the same time, as a trainer does while images
// are generated from its run.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "model/run/checkpoint.h"
#include "model/run/run_folder.h"

namespace pg {

struct ListedCheckpoint {
  std::filesystem::path path;
  CheckpointHeader header;
  std::string broken;  // why its header cannot be read; empty: it can
  bool newer = false;  // `broken` because only a newer program can read it
};

// Every file of `run` with the name of a checkpoint, most images first, then most iterations.
// Unreadable files come first, so that they are reported. Throws IoError if the folder cannot be
// read, or something that is not a file has such a name.
std::vector<ListedCheckpoint> list_checkpoints(const RunFolder& run);

struct NewestCheckpoint {
  std::optional<std::filesystem::path> path;  // none if every file is damaged
  std::vector<std::string> broken;            // a sentence for each newer, damaged file
};

// The checkpoint of `run` with the most images, but fewer than `below`, and correct checksums.
// Throws as list_checkpoints, and NewerFormatError if that one is for a newer program.
NewestCheckpoint newest_checkpoint(const RunFolder& run,
                                   int64_t below = std::numeric_limits<int64_t>::max());

// Images shown at a checkpoint, from its header alone. Throws IoError, FormatError.
int64_t checkpoint_images(const std::filesystem::path& path);

}  // namespace pg
