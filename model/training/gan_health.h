// gan_health.h: signs of divergence in gradients and weights. All functions wait for the device.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/training/gan_state.h"

namespace pg {

struct BadGradient {
  int64_t steps_ago = 0;  // in updates of its network
  std::string name;       // "D/8x8/Conv1/weight[12]"; empty: none
};
struct FirstBadGradients {
  BadGradient d, g;
};
// The first gradient of each network that was not finite since the last call.
FirstBadGradients take_first_bad_gradients(GanState& state);

// "G/4x4/Dense/weight[7]": the first weight of D, G or the EMA that is not finite; empty: none.
std::string first_bad_weight(const GanState& state);

// "G.adam/v": the first state of an optimizer with an element that is not finite; empty: none. Such
// weights never move again.
std::string first_bad_moment(const GanState& state);

struct WeightNorms {
  double norm = 0, root_mean_square = 0;
  double update = 0;  // norm of the last update, see Adam::update_norm
};
// Of G and D, over the parameters in use at `resolution`.
std::vector<std::pair<std::string, WeightNorms>> weight_norms(const GanState& state,
                                                              int64_t resolution);

}  // namespace pg
