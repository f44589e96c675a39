// speed_model.h: the estimated time of recorded calls, and of training iterations of the official
// network, on a GPU that need not exist.
//
// A planner makes the calls of a real iteration, whose launchers choose kernels, grids and blocks
// as on that GPU (recorder.h); kernel_time.h estimates each launch.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/model/kernel_time.h"
#include "bench/model/recorder.h"
#include "model/config/config.h"
#include "model/config/fade.h"

namespace pg::bench {

struct TimedLaunch {
  std::string kernel, family;  // the name, and one of kFamilies
  Estimate estimate;
  bool known = true;  // the table of machine code has the kernel, or it has no instructions to know
};

inline constexpr const char* kFamilies[] = {"fprop", "strips", "wgrad", "sums",
                                            "rgb",   "adam",   "dense", "other"};

struct TimedCall {
  RecordedCall call;
  std::vector<TimedLaunch> launches;

  double seconds() const;
};

// Throws Error for a launch that contradicts the model.
std::vector<TimedCall> estimate(const ModelledGpu& gpu, const std::vector<RecordedCall>& calls);

struct Totals {
  int64_t launches = 0;
  double seconds = 0;
  std::map<std::string, double> family;  // seconds
  std::map<Bound, double> bound;
  std::vector<std::string> unknown;  // kernels without a line in the table, each once
};
Totals totals_of(const std::vector<TimedCall>& calls);

// Throws DeviceError if the program was built without CUDA.
std::unique_ptr<Recorder> open_recorder(const ModelledGpu& gpu, Precision precision);

// The second iteration of the official network at a resolution, by which time all filters are
// packed, on the minibatch of the official schedule. Throws DeviceError if the program was built
// without CUDA, Error if it was stripped.
std::vector<TimedCall> estimate_iteration(const ModelledGpu& gpu, Precision precision,
                                          const Fade& fade);

// Shortest time of the same iteration without fading, in seconds (floor.h).
double iteration_floor(const ModelledGpu& gpu, Precision precision, int64_t resolution);

// Images of the official schedule at a resolution, stable and fading.
struct ScheduledImages {
  double stable = 0, fading = 0;
};
ScheduledImages scheduled_images(int64_t resolution);
int64_t official_minibatch(int64_t resolution);

}  // namespace pg::bench
