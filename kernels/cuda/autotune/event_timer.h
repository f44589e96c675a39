// event_timer.h: times work on a queue's stream, between two events of the device.
#pragma once

#include "kernels/cuda/autotune/autotune.h"
#include "kernels/cuda/device/event.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

class EventTimer : public TrialTimer {
 public:
  explicit EventTimer(Queue& queue) : queue_(queue) {}

  bool ready() override;
  double seconds(const std::function<void()>& work) override;

 private:
  Queue& queue_;
  Event start_, end_;
};

// True while a graph is being captured from the queue's stream.
bool is_capturing(const Queue& queue);

}  // namespace pg::cuda
