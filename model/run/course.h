// course.h: the iterations of a run, one after the other, without its files.
#pragma once

#include <filesystem>

#include "model/config/schedule.h"
#include "model/run/checkpoint.h"
#include "model/run/minibatches.h"

namespace pg {

// The change by a reading of the schedule.
struct Turn {
  SchedulePoint point;
  bool border = false;  // a fade starts or ends, or the run does
  bool grown = false;   // to another resolution
};

class Course {
 public:
  // At the start of the run. `config` must be resolved for `dataset`; all arguments outlive this.
  Course(Context& context, const Config& config, const Dataset& dataset);

  // Networks, counters and data as they were at `checkpoint`, and the schedule as it was last read
  // there. Throws as read_checkpoint.
  void load(const std::filesystem::path& checkpoint);
  // Continues at another image of the schedule and of the data, with the same weights.
  void jump(int64_t images_shown, uint64_t data_position);

  // As in the official loop, the schedule is read once for `minibatch_repeats` minibatches, and
  // optimizers are reset where a fade starts or ends. `take` does that.
  bool turn_due() const { return counters_.repeat == 0; }
  Turn next_turn() const;
  void take(const Turn& turn);

  // Images of the next iteration. Throws IoError; nothing has changed then.
  const RealImages& images() { return minibatches_.at(point_); }
  // One iteration. Throws DeviceError.
  void iterate(const RealImages& reals);

  const SchedulePoint& point() const { return point_; }
  TrainingCounters& counters() { return counters_; }
  const TrainingCounters& counters() const { return counters_; }
  Gan& gan() { return gan_; }
  const Gan& gan() const { return gan_; }

 private:
  IterationSettings settings() const;
  void count(const RealImages& reals);

  const Config& config_;
  Gan gan_;
  Minibatches minibatches_;
  SchedulePoint point_;
  TrainingCounters counters_;
};

}  // namespace pg
