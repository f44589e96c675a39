// capture.h: a capture that ends with its scope, also when an exception leaves it.
#pragma once

#include "kernels/backend.h"
#include "kernels/error.h"

namespace pg {

class Capture {
 public:
  explicit Capture(Backend& backend) : backend_(backend) { backend_.begin_capture(); }
  // Without an end, waiting and releasing memory would fail from here on.
  ~Capture() {
    if (ended_) return;
    try {
      backend_.end_capture();
    } catch (const Error&) {  // the capture has ended nevertheless
    }
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::unique_ptr<StepGraph> end() {
    ended_ = true;
    return backend_.end_capture();
  }

 private:
  Backend& backend_;
  bool ended_ = false;
};

}  // namespace pg
