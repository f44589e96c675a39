// speed.h: the time of a run, from a few real iterations of each stage.
#pragma once

#include "engine/tensor.h"
#include "model/config/schedule.h"

namespace pg {

struct StageSpeed {
  Stage stage;
  double images_per_second = 0.0;  // real images shown
  double seconds = 0.0;            // of the whole stage
};

// Trains on random images, after warm-up for at least `seconds` and one iteration of each stage.
// `config` must be resolved, with its micro-batches chosen.
std::vector<StageSpeed> measure_speed(Context& context, const Config& config, double seconds,
                                      int64_t first_image = 0);

// The same for as many stages, lowest first, as `all` seconds allow; at least one.
std::vector<StageSpeed> measure_some_speed(Context& context, const Config& config, double seconds,
                                           double all);

// Images per second of a network by resolution, as measured.
struct Speed {
  ModelConfig model;
  ByResolution<double> images_per_second;
};

// The slower of the stages of each resolution.
Speed by_resolution(const ModelConfig& model, const std::vector<StageSpeed>& stages);

// Images per second of `model`, perhaps another one, at `resolution`. Resolutions and networks that
// were not measured follow from the nearest resolution measured and the multiplications of both
// (relative_cost). 0 if nothing was measured.
double images_per_second(const Speed& speed, const ModelConfig& model, int64_t resolution);

// Each stage of a run; none if nothing was measured.
std::vector<StageSpeed> stage_speeds(const Config& config, const Speed& speed);

// Seconds of the whole run; 0 if nothing was measured.
double seconds_of(const Config& config, const Speed& speed);

}  // namespace pg
