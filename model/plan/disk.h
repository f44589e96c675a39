// disk.h: the disk space that a run needs.
#pragma once

#include <filesystem>

#include "model/config/schedule.h"

namespace pg {

struct DiskNeeds {
  int64_t checkpoint = 0;   // bytes of one
  int64_t checkpoints = 0;  // most at the same time
  int64_t picture = 0;      // bytes of one grid of samples, uncompressed
  int64_t pictures = 0;
  int64_t data_set = 0;  // bytes of the pyramid still to be built; 0: it exists

  int64_t run_folder() const { return checkpoint * checkpoints + picture * pictures; }
};

// `config` must be resolved. `images`: of a data set still to be built, with levels from 4x4 to the
// final resolution, uncompressed.
DiskNeeds disk_needs(const Config& config, int64_t images);

// Free bytes below `folder`, which need not exist yet.
int64_t free_disk(std::filesystem::path folder);

}  // namespace pg
