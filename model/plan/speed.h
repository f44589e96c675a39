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

}  // namespace pg
