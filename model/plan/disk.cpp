// disk.cpp: checkpoints, grids of samples, data set.
#include "model/plan/disk.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/plan/memory.h"

namespace pg {
namespace {

// The last ones kept, or all; latest.safetensors; one of each finished resolution; the best; and
// the next one, which is written before an old one is removed.
int64_t checkpoints_at_once(const Config& config) {
  const CheckpointConfig& c = config.checkpoint;
  const double kimg = kimg_of(total_images(config));
  const auto written = static_cast<int64_t>(std::ceil(kimg / c.every_kimg));
  int64_t count = (c.keep == 0 ? written : std::min(c.keep, written)) + 2;
  if (c.keep_finished) {
    const auto by_resolution = stages_by_resolution(config, {});
    count += static_cast<int64_t>(by_resolution.size()) - 1;
  }
  return count + (c.best_of.empty() ? 0 : 1);
}

// reals.png, the first fakes, and one per tick or checkpoint.images_every_kimg.
int64_t pictures_in_all(const Config& config) {
  double count = 2.0;
  for (const Stage& stage : stages(config)) {
    const double kimg = kimg_of(stage.images());
    const double tick = schedule_at(config, stage.first).tick_kimg;
    count += std::ceil(kimg / std::max(tick, config.checkpoint.images_every_kimg));
  }
  return static_cast<int64_t>(count);
}

}  // namespace

DiskNeeds disk_needs(const Config& config, int64_t images) {
  const ModelConfig& m = config.model;
  const GridSize grid = image_grid(config);
  DiskNeeds d{.checkpoint = checkpoint_bytes(config),
              .checkpoints = checkpoints_at_once(config),
              .picture = grid.rows * grid.columns * m.resolution * m.resolution * m.channels,
              .pictures = pictures_in_all(config)};
  for (int64_t r = 4; r <= m.resolution; r *= 2) d.data_set += images * r * r * m.channels;
  return d;
}

int64_t free_disk(std::filesystem::path folder) {
  std::error_code error;
  folder = std::filesystem::absolute(folder, error);
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  if (error) return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(space.available);
}

}  // namespace pg
