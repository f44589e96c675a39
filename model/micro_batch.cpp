// micro_batch.cpp: minibatches in parts of whole groups.
#include "model/micro_batch.h"

#include <algorithm>

#include "data/resolutions.h"
#include "engine/ops.h"

namespace pg {
namespace {

// What the configuration asks for; 0: the whole minibatch.
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

// With strided order image i is in group i % all_groups, so its groups first .. first + groups - 1
// are pieces of `groups` rows, all_groups apart; image j of the part is in its group j % groups.
Tensor MicroBatch::of(const Tensor& x) const {
  if (!x || groups == all_groups) return x;
  const Shape& s = x.shape();
  PG_ASSERT(s.n == minibatch());
  const int64_t row = s.numel() / s.n;
  const Shape part{images(), s.h, s.w, s.c};
  if (group == 1 || order == GroupOrder::contiguous) return x.alias(part, first * group * row);
  const Tensor y(x.context(), part, x.dtype());
  const Shape piece{groups, s.h, s.w, s.c};
  for (int64_t i = 0; i < group; ++i) {
    ops::copy_into(y.alias(piece, i * groups * row),
                   x.alias(piece, (i * all_groups + first) * row));
  }
  return y;
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
    PG_CHECK(wanted == 0 || wanted >= group, UsageError, "schedule.micro_batch is ", wanted, " at ",
             r, "x", r, ", where ", group, group == n ? " images, the whole minibatch," : " images",
             " share a minibatch standard deviation and stay together; give at least ", group,
             " (or 0), or a smaller model.mbstd_group_size");
  }
}

}  // namespace pg
