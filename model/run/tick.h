// tick.h: one tick of a run, from one line of stats.jsonl to the next.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "model/config/schedule.h"
#include "model/run/checkpoint.h"

namespace pg {

class Tick {
 public:
  void add_images(int64_t count) { images_ += count; }

  // Statistics of the tick, as last read from the device. Reading waits for the device, so they
  // are due after the first iteration and then a few times a second, not in every iteration.
  const TrainingStats& stats() const { return stats_; }
  bool stats_due() const;
  void set_stats(const TrainingStats& stats);

  // The line for stats.jsonl. Fields that depend on the clock or the machine are under "timing";
  // all others are equal in a run that was stopped and resumed.
  nlohmann::ordered_json line(const TrainingCounters& counters, const SchedulePoint& point,
                              int64_t memory_bytes) const;

  // Throws UsageError unless `statistic` is empty or the name of a number in line().
  static void check_statistic(const std::string& statistic);

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point start_ = Clock::now();
  int64_t images_ = 0;
  TrainingStats stats_;
  Clock::time_point stats_read_ = {};
};

}  // namespace pg
