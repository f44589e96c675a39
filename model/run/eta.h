// eta.h: the speed of a run and its remaining time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "model/config/schedule.h"

namespace pg {

// Images per second over the last half minute at one resolution.
class RateMeter {
 public:
  // `seconds` never falls. Another resolution has another speed: the measurement starts again.
  void add(int64_t resolution, int64_t images_shown, double seconds);
  double images_per_second() const;  // 0 before two calls at this resolution

 private:
  struct Mark {
    double seconds = 0.0;
    int64_t images = 0;
  };

  int64_t resolution_ = 0;
  std::deque<Mark> marks_;
};

struct RemainingTime {
  double stage = 0.0;  // seconds
  double run = 0.0;
  bool estimated = false;  // includes stages at other resolutions
};

// `rate` is measured at `resolution`; at others an image takes cost(other) / cost(resolution) times
// as long.
RemainingTime remaining_time(const std::vector<Stage>& stages, int64_t resolution,
                             int64_t images_shown, double rate,
                             const std::function<double(int64_t)>& cost);

}  // namespace pg
