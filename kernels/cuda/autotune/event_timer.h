// event_timer.h: times work on a queue's stream as training runs it: captured in a graph, so that
// no candidate pays for the time in which the host launches it.
#pragma once

#include "kernels/cuda/autotune/autotune.h"
#include "kernels/cuda/device/event.h"
#include "kernels/cuda/device/graph.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

class EventTimer : public TrialTimer {
 public:
  static constexpr int kRuns = 4;  // in one graph, whose own start they share

  explicit EventTimer(Queue& queue) : queue_(queue) {}

  // Not while the queue is captured, nor if each launch is waited for.
  bool ready() override;
  // The mean of kRuns runs. work() must have run before, so that it allocates nothing.
  double seconds(const std::function<void()>& work) override;

 private:
  Graph captured(const std::function<void()>& work);

  Queue& queue_;
  Event start_, end_;
};

}  // namespace pg::cuda
