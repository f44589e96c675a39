// event.h: an event of the device, destroyed with its owner.
#pragma once

#include "kernels/cuda/device/cuda_check.h"

namespace pg::cuda {

class Event {
 public:
  explicit Event(unsigned flags = cudaEventDefault) {
    PG_CUDA(cudaEventCreateWithFlags(&event_, flags));
  }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  operator cudaEvent_t() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace pg::cuda
