// recipe.h: settings chosen from the images and the speed of the device, for a run that ends in a
// sensible time.
//
// With L doublings from the initial resolution to the final one, every training and every fade
// lasts K thousand images and the last resolution 4 K, as in the official 1024x1024 run, where K is
// 600. So a run has (2 L + 4) K thousand images, most of its time is spent at its last resolutions,
// and K alone fits it into the time. Functions here depend on their arguments alone; a run records
// what they chose in plain keys, so its bits do not depend on speeds measured later.
#pragma once

#include <set>
#include <string>

#include "model/plan/speed.h"

namespace pg {

struct RecipeWish {
  Recipe recipe = Recipe::automatic;  // or small
  double hours = 0.0;                 // 0: two on a CPU and for `small`, else no limit
  bool gpu = false;
  std::set<std::string> given = {};  // keys, "section.key", that stay as they are
};

// Hours that the run may take; infinite without a limit.
double hours_of(const RecipeWish& wish);

// Whether the choice depends on speeds: of `trial_config` for the network (not if it is given, nor
// in a run of given length that is short for any network), of the chosen one for the stages.
bool needs_trial(const Config& config, const RecipeWish& wish);
bool lengths_need_speed(const RecipeWish& wish);

// A small network up to at most 64x64 whose speed is measured to choose another. `data.resolution`
// is the largest that the images have.
Config trial_config(Config config, const RecipeWish& wish, const DataShape& data);

// Sets resolution, feature maps and minibatches of `config`, which is a preset with the given keys.
// The largest resolution, at most that of the data, for which the smallest suitable network gets
// enough images (40 kimg per stage up to 64x64, 100 above), then the widest network that gets 100.
// Without a limit of time: the resolution of the data and the official network.
void choose_network(Config& config, const RecipeWish& wish, const DataShape& data,
                    const Speed& trial);

// Sets lengths of stages, EMA, ticks and checkpoints of `config`, which must have its network: K as
// the time allows, at most 600, and as few as show no image more than 5,000 times; or as a given
// schedule.total_kimg says. The EMA's time constant, minibatch / (1 - decay) images, is a fiftieth
// of the run, and the decay at most that of the preset.
void choose_lengths(Config& config, const RecipeWish& wish, const DataShape& data,
                    const Speed& speed);

}  // namespace pg
