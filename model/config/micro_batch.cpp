// micro_batch.cpp: splits minibatches into parts of whole groups.
#include "model/config/micro_batch.h"

#include <algorithm>

#include "data/images/resolutions.h"

namespace pg {
namespace {

// The configured size of a part; 0: the whole minibatch.
int64_t wanted_at(const Config& config, int64_t resolution) {
  const ScheduleConfig& s = config.schedule;
  const auto entry = s.micro_batches.find(resolution);
  return entry == s.micro_batches.end() ? s.micro_batch : entry->second;
}

}  // namespace

int64_t stddev_group(const ModelConfig& config, int64_t n) {
  if (config.mbstd_group_size == 0) return 1;
  const int64_t group = std::min(config.mbstd_group_size, n);
  return n % group == 0 ? group : n;
}

int64_t micro_batch_at(const Config& config, int64_t resolution, int64_t n) {
  const int64_t wanted = wanted_at(config, resolution);
  if (wanted == 0 || wanted >= n) return n;
  const int64_t group = stddev_group(config.model, n);
  return std::max(wanted / group, int64_t{1}) * group;
}

std::vector<MicroBatch> micro_batches(const Config& config, int64_t resolution, int64_t n) {
  const int64_t group = stddev_group(config.model, n);
  const int64_t all = n / group, at_once = micro_batch_at(config, resolution, n) / group;
  std::vector<MicroBatch> parts;
  for (int64_t first = 0; first < all; first += at_once) {
    parts.push_back({.first = first,
                     .groups = std::min(at_once, all - first),
                     .all_groups = all,
                     .group = group,
                     .order = config.model.mbstd_order});
  }
  return parts;
}

void validate_micro_batches(const Config& config) {
  const int64_t last =
      config.model.resolution == 0 ? int64_t{kMaxResolution} : config.model.resolution;
  for (int64_t r = config.schedule.lod_initial_resolution; r <= last; r *= 2) {
    const int64_t n = minibatch_at(config, r), wanted = wanted_at(config, r);
    const int64_t group = stddev_group(config.model, n);
    PG_CHECK(wanted == 0 || wanted >= group, UsageError, "schedule.micro_batch: expected at least ",
             group, " (or 0) at ", r, "x", r, ", because ", group, " images",
             group == n ? " (the whole minibatch)" : "",
             " share a minibatch standard deviation, got ", wanted,
             "; increase it or reduce model.mbstd_group_size");
  }
}

}  // namespace pg
