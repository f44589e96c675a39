// minibatches.h: the minibatches of a run: order, ends of epochs, fade-in of bytes, labels.
//
// A minibatch depends on the position, the configuration and the point of the schedule alone, so a
// resumed run gets the same ones as a run that was never stopped.
#pragma once

#include "data/sets/loader.h"
#include "model/config/schedule.h"
#include "model/training/iteration.h"

namespace pg {

class Minibatches {
 public:
  // `dataset` outlives this; `config` must be resolved for it.
  Minibatches(const Dataset& dataset, const Config& config);

  // The minibatch at the current position. Its images belong to this object and are valid until
  // `advance`, `seek` or another point. If the epoch has fewer than point.minibatch images left,
  // schedule.last_batch decides: take the rest from the next epoch (across), skip them (drop) or
  // return a smaller minibatch (keep).
  const RealImages& at(const SchedulePoint& point);
  // Moves past the minibatch last returned by `at`.
  void advance();

  // Images drawn from the stream of shuffled epochs.
  uint64_t position() const { return position_; }
  void seek(uint64_t position);

 private:
  int64_t left_in_epoch() const;
  void load(const SchedulePoint& point);

  const Dataset& dataset_;
  LastBatch last_batch_;
  RealFade fade_reals_;
  bool conditional_;
  uint64_t seed_;
  Loader loader_;
  uint64_t position_ = 0;
  int64_t requested_ = 0;  // size requested for current_; 0: nothing is loaded
  RealImages current_{};
  std::vector<uint8_t> faded_;
  std::vector<int32_t> g_labels_;
};

// Fade-in of real images as in the Theano version, on bytes [n, R, R, c]:
//   y = floor(x alpha + mean of the 2x2 block of x (1 - alpha))
void fade_bytes(std::span<uint8_t> images, int64_t resolution, int64_t channels, double alpha);

}  // namespace pg
