// disk.h: what a run writes.
#pragma once

#include <filesystem>

#include "model/config/schedule.h"

namespace pg {

struct DiskNeeds {
  int64_t checkpoint = 0;   // bytes of one
  int64_t checkpoints = 0;  // that are there at once, at most
  int64_t picture = 0;      // bytes of one, not compressed
  int64_t pictures = 0;
  int64_t data_set = 0;  // bytes of the pyramid that is still to be built; 0: it is there

  int64_t run_folder() const { return checkpoint * checkpoints + picture * pictures; }
};

// `config` must be resolved. `images` are those of a data set that is still to be built: levels
// from 4x4 to the final resolution, uncompressed.
DiskNeeds disk_needs(const Config& config, int64_t images);

// Bytes that may be written below `folder`, which need not exist yet.
int64_t free_disk(std::filesystem::path folder);

}  // namespace pg
