// minibatches.h: the minibatches of a run in their order: loader, ends of epochs, fade-in of bytes,
// labels.
//
// A minibatch follows from the position, the configuration and the point of the schedule alone, so
// a resumed run gets the one that the stopped run would have got.
#pragma once

#include "data/sets/loader.h"
#include "model/config/schedule.h"
#include "model/training/gan.h"

namespace pg {

class Minibatches {
 public:
  // `dataset` outlives this; `config` is resolved for it.
  Minibatches(const Dataset& dataset, const Config& config);

  // The minibatch at the present position; valid until `advance` or `seek`. schedule.last_batch
  // says what happens where the epoch has fewer than point.minibatch images left: it goes on into
  // the next one (across), never comes to it (drop) or gets what is left (keep).
  const RealImages& at(const SchedulePoint& point);
  // Moves behind the minibatch that `at` gave last.
  void advance();

  // Images drawn from the stream of shuffled epochs.
  uint64_t position() const { return position_; }
  void seek(uint64_t position);

 private:
  int64_t left_in_epoch() const;
  void load(const SchedulePoint& point);

  const Dataset& dataset_;
  Config config_;
  Loader loader_;
  uint64_t position_ = 0;
  int64_t wanted_ = 0;  // images that the present minibatch was asked for; 0: none is held
  RealImages present_{};
  std::vector<uint8_t> faded_;
  std::vector<int32_t> g_labels_;
};

// Fade-in of real images as the Theano version does it, on bytes [n, R, R, c]:
//   y = floor(x alpha + mean of the 2x2 block of x (1 - alpha))
void fade_bytes(std::span<uint8_t> images, int64_t resolution, int64_t channels, double alpha);

}  // namespace pg
