// eta.cpp: measures the speed of a run and estimates its remaining time.
#include "model/run/eta.h"

#include <algorithm>

namespace pg {

void RateMeter::add(int64_t resolution, int64_t images_shown, double seconds) {
  constexpr double kWindowSeconds = 30.0, kMarkSeconds = 0.25;
  if (resolution != resolution_) marks_.clear();
  resolution_ = resolution;
  // The newest mark is replaced until it is kMarkSeconds younger than the one before.
  if (marks_.size() > 1 && seconds - marks_[marks_.size() - 2].seconds < kMarkSeconds) {
    marks_.pop_back();
  }
  marks_.push_back({seconds, images_shown});
  while (marks_.size() > 2 && seconds - marks_[1].seconds >= kWindowSeconds) marks_.pop_front();
}

double RateMeter::images_per_second() const {
  if (marks_.size() < 2) return 0.0;
  const double seconds = marks_.back().seconds - marks_.front().seconds;
  const auto images = static_cast<double>(marks_.back().images - marks_.front().images);
  return seconds > 0.0 ? images / seconds : 0.0;
}

RemainingTime remaining_time(const std::vector<Stage>& stages, int64_t resolution,
                             int64_t images_shown, double rate,
                             const std::function<double(int64_t)>& cost) {
  RemainingTime left;
  const double cost_now = cost(resolution);
  for (const Stage& stage : stages) {
    const int64_t images = stage.end - std::max(stage.first, images_shown);
    if (images <= 0) continue;
    const double seconds = static_cast<double>(images) / rate * (cost(stage.resolution) / cost_now);
    if (stage.first <= images_shown) left.stage = seconds;
    left.run += seconds;
    left.estimated |= stage.resolution != resolution;
  }
  return left;
}

}  // namespace pg
