// training_failure.h: the failure of a device during training: what happened where, and what a user
// can do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "kernels/error.h"
#include "model/config/fade.h"

namespace pg {

// Iterations are counted from 1; 0: before the first one.
struct FailurePlace {
  Fade fade;
  // A device reports a failure late: it lies in one of the iterations after the last one that was
  // waited for, up to the last one that was started. None: the first one is the next.
  int64_t first_iteration = 0, last_iteration = 0;
  int64_t images_shown = 0;
  uint64_t data_position = 0;
  std::filesystem::path run, log;
  std::filesystem::path checkpoint;  // the last one; empty: there is none
  int64_t checkpoint_images = 0;     // shown there
  std::string resume;                // what --resume is to be given; empty: start again
  std::string config;                // of the run, as TOML
};

class TrainingFailure : public DeviceError {
 public:
  TrainingFailure(const DeviceError& error, FailurePlace place);

  const FailurePlace& place() const { return place_; }
  // Whether a repetition could name the kernel: the device failed, and no kernel is known.
  bool kernel_unknown() const { return kernel_unknown_; }

  // One sentence with the place, the last checkpoint and how to resume. `found`: what a repetition
  // has shown, as "the kernel was ..."; may be empty.
  std::string sentence(const std::string& found) const;

 private:
  FailurePlace place_;
  std::string happened_, advice_;
  bool kernel_unknown_ = false;
};

// "the last checkpoint is FILE (0.1 kimg); to resume: ...", or that there is none.
std::string ways_on(const FailurePlace& place);

}  // namespace pg
