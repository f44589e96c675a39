// fit.cpp: the largest parts of a minibatch that fit, by bisection.
#include "model/plan/fit.h"

#include <algorithm>

#include "data/files/shown.h"
#include "model/config/bytes.h"
#include "model/config/micro_batch.h"

namespace pg {
namespace {

class Fitting {
 public:
  Fitting(Config& config, const PlannedRun& run, int64_t limit)
      : config_(config), run_(run), limit_(limit) {}

  // Throws unless the parts of this resolution fit.
  void check(std::span<const Stage> stages) const {
    const int64_t r = stages.front().resolution, n = minibatch_at(config_, r);
    const int64_t at_once = micro_batch_at(config_, r, n), needed = total(stages, at_once);
    PG_CHECK(needed <= limit_, OutOfMemoryError, r, "x", r, " needs ", format_bytes(needed),
             " for ", at_once, " images at a time, the parts of this run, but the limit is ",
             format_bytes(limit_),
             "; smaller parts change results in the last bits: allow it with --memory-limit ",
             limit_ >> 20, "MiB or --set schedule.micro_batch=N, or free some memory");
  }

  // Whether the parts of this resolution changed.
  bool fit(std::span<const Stage> stages) {
    const int64_t r = stages.front().resolution, n = minibatch_at(config_, r);
    const int64_t before = micro_batch_at(config_, r, n), needed = total(stages, before);
    if (needed <= limit_) return false;
    const int64_t group = stddev_group(config_.model, n);
    if (set_by_user(r)) reject(r, before, needed, " (schedule.micro_batch)");
    if (group >= n) reject(r, n, needed, " (they share a minibatch standard deviation)");
    const int64_t least = total(stages, group);
    if (least > limit_) reject(r, group, least, "");
    int64_t fits = 1, too_many = n / group;  // groups at a time
    while (too_many - fits > 1) {
      const int64_t middle = (fits + too_many) / 2;
      (total(stages, middle * group) <= limit_ ? fits : too_many) = middle;
    }
    config_.schedule.micro_batches[r] = fits * group;
    config_.schedule.micro_batches_chosen = true;
    return fits * group != before;
  }

 private:
  bool set_by_user(int64_t r) const {
    const ScheduleConfig& s = config_.schedule;
    return !s.micro_batches_chosen && (s.micro_batch != 0 || s.micro_batches.contains(r));
  }

  int64_t total(std::span<const Stage> stages, int64_t at_once) const {
    Config config = config_;
    const int64_t r = stages.front().resolution;
    if (at_once < minibatch_at(config, r)) config.schedule.micro_batches[r] = at_once;
    const auto device = run_.planner();
    return resolution_memory(config, stages, run_, *device).total();
  }

  [[noreturn]] void reject(int64_t r, int64_t at_once, int64_t needed, const char* why) const {
    throw OutOfMemoryError(
        message(r, "x", r, " needs ", format_bytes(needed), " for ", at_once, " images at a time",
                why, ", but the limit is ", format_bytes(limit_),
                "; raise --memory-limit, use another device or lower schedule.micro_batch, "
                "schedule.max_minibatch, model.mbstd_group_size, model.fmap_base, model.fmap_max, "
                "train.image_grid or --resolution"));
  }

  Config& config_;
  const PlannedRun& run_;
  int64_t limit_;
};

int64_t margin(int64_t free) {
  constexpr int64_t kLeast = int64_t{64} << 20;
  return std::max(free / 20, std::min(kLeast, free / 4));
}

}  // namespace

int64_t memory_limit(const Config& config, int64_t free) {
  // validate() has checked it.
  if (const auto given = parse_bytes(config.train.memory_limit)) return *given;
  return free - margin(free);
}

int64_t memory_limit(const Config& config, const Backend& backend) {
  return memory_limit(config, backend.free_bytes());
}

std::string memory_limit_text(const Config& config, const Backend& backend) {
  return memory_limit_text(config, backend.free_bytes());
}

std::string memory_limit_text(const Config& config, int64_t free) {
  const std::string limit = format_bytes(memory_limit(config, free));
  if (!config.train.memory_limit.empty()) {
    return message(limit, " (train.memory_limit; ", format_bytes(free), " are free)");
  }
  return message(limit, " (", format_bytes(free), " are free, ", format_bytes(margin(free)),
                 " of them stay free)");
}

FittedRun fit_into_memory(Config& config, const PlannedRun& run, int64_t limit, PartsChoice parts) {
  const ByResolution<int64_t> before = config.schedule.micro_batches;
  if (parts == PartsChoice::choose && config.schedule.micro_batches_chosen) {
    config.schedule.micro_batches.clear();
    config.schedule.micro_batches_chosen = false;
  }
  FittedRun fitted{.memory = memory_by_resolution(config, run)};
  const auto too_large = [&](const ResolutionMemory& s) { return s.total() > limit; };
  if (std::any_of(fitted.memory.begin(), fitted.memory.end(), too_large)) {
    const auto resolutions = stages_by_resolution(config, run);
    Fitting fitting(config, run, limit);
    for (auto stages = resolutions.rbegin(); stages != resolutions.rend(); ++stages) {
      if (parts == PartsChoice::keep) fitting.check(*stages);
      fitting.fit(*stages);
    }
    fitted.memory = memory_by_resolution(config, run);
  }
  fitted.changed = config.schedule.micro_batches != before;
  return fitted;
}

std::string micro_batches_text(const Config& config) {
  const ByResolution<int64_t>& table = config.schedule.micro_batches;
  if (table.empty()) return "all minibatches are computed as a whole";
  std::vector<std::string> parts;
  for (const auto& [r, at_once] : table) {
    parts.push_back(message(at_once, " of ", minibatch_at(config, r),
                            " images are computed at a time at ", r, "x", r));
  }
  return joined(parts);
}

}  // namespace pg
