// recipe_choice.cpp: from options, images and speeds to settings.
#include "apps/recipe_choice.h"

#include "apps/data_facts.h"
#include "kernels/error.h"
#include "model/config/config_names.h"
#include "model/config/suggest.h"
#include "model/plan/recipe.h"

namespace pg::apps {
namespace {

Recipe named_recipe(const std::string& name) {
  if (const auto recipe = value_of<Recipe>(name)) return *recipe;
  throw_unknown("recipe", name, {kNames<Recipe>.begin(), kNames<Recipe>.end()});
}

std::set<std::string> given(const RunOptions& o) {
  std::set<std::string> keys = given_keys(o.sources);
  if (*o.resolution_given) keys.insert("model.resolution");
  if (*o.kimg_given) keys.insert("schedule.total_kimg");
  return keys;
}

bool gives_schedule(const RunOptions& o) {
  const std::set<std::string> keys = given(o);
  const bool lengths = keys.contains("schedule.lod_training_kimg") ||
                       keys.contains("schedule.stage_length") ||
                       keys.contains("schedule.stage_lengths");
  return lengths && keys.contains("schedule.total_kimg");
}

RecipeWish wish_of(const RunOptions& o, Recipe recipe, const DeviceChoice& device) {
  return {.recipe = recipe, .hours = o.hours, .gpu = device.cuda, .given = given(o)};
}

// `config` for the images, as far as they are known.
Config resolved(Config config, const DataShape& data) {
  DataShape shape = data;
  shape.resolution = std::max(shape.resolution, config.model.resolution);
  resolve(config, shape);
  return config;
}

// Throws OutOfMemoryError if it cannot be trained in any parts.
Config fitted(Config config, const DeviceChoice& device, Speeds& speeds) {
  const int64_t limit = memory_limit(config, speeds.free_bytes(config));
  fit_into_memory(config, planned_run(config, device), limit, PartsChoice::choose);
  return config;
}

// The network for these images, and its configuration with parts of minibatches.
Config chosen_network(Config& config, const RecipeWish& wish, const DataShape& data,
                      const DeviceChoice& device, Speeds& speeds) {
  Speed trial;
  if (needs_trial(config, wish)) {
    trial = speeds.of(fitted(resolved(trial_config(config, wish, data), data), device, speeds));
  }
  const bool fixed = wish.given.contains("model.resolution");
  for (DataShape usable = data;; usable.resolution /= 2) {
    Config choice = config;
    choose_network(choice, wish, usable, trial);
    try {
      const Config fits = fitted(resolved(choice, data), device, speeds);
      config = choice;
      return fits;
    } catch (const OutOfMemoryError&) {
      if (fixed || usable.resolution <= kMinResolution) throw;
    }
  }
}

}  // namespace

Recipe wanted_recipe(const Config& config, const RunOptions& o) {
  const bool named = !o.recipe.empty();
  const Recipe recipe = named ? named_recipe(o.recipe) : Recipe::automatic;
  PG_CHECK(!named || recipe == Recipe::official || o.sources.preset.empty(), UsageError,
           "--recipe ", o.recipe, " chooses settings, but --preset ", o.sources.preset,
           " fixes them; drop one of the two");
  if (named) return recipe;
  if (!o.sources.preset.empty() || gives_schedule(o)) return Recipe::official;
  if (given(o).contains("train.recipe")) return config.train.recipe;
  return o.sources.file.empty() ? Recipe::automatic : Recipe::official;
}

int64_t apply_recipe(Config& config, const RunOptions& o, const DeviceChoice& device,
                     Speeds& speeds) {
  const Recipe recipe = wanted_recipe(config, o);
  PG_CHECK(!*o.hours_given || o.sources.preset.empty(), UsageError,
           "--hours chooses a schedule, but --preset ", o.sources.preset,
           " fixes one; drop one of the two");
  PG_CHECK(!*o.hours_given || recipe != Recipe::official, UsageError,
           "--hours needs --recipe auto or small; the official recipe has a fixed schedule");
  if (recipe == Recipe::official) return 0;  // the record of a file that repeats a run stays
  config.train.recipe = recipe;
  const RecipeWish wish = wish_of(o, recipe, device);
  const DataShape data = data_shape(config);
  const Config fits = chosen_network(config, wish, data, device, speeds);
  Speed speed;
  if (lengths_need_speed(wish)) speed = speeds.of(fits);
  choose_lengths(config, wish, data, speed);
  validate(config);
  return data.resolution;
}

}  // namespace pg::apps
