// recipe_test.cpp: what a recipe chooses, for any data and any device.
#include "model/plan/recipe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/config/config_keys.h"
#include "model/plan/reach.h"

namespace pg {
namespace {

// A device that needs the same time for a million multiplications in every network.
Speed device(double speed, const ModelConfig& model) {
  Speed s{.model = model, .images_per_second = {}};
  for (int64_t r = 4; r <= std::min<int64_t>(model.resolution, 64); r *= 2) {
    s.images_per_second[r] =
        speed * images_per_second({.model = {}, .images_per_second = {{4, 1.0}}}, model, r);
  }
  return s;
}

Config choose(const RecipeWish& wish, const DataShape& data, double speed, Config start = {}) {
  Config trial = trial_config(start, wish, data);
  choose_network(start, wish, data, device(speed, trial.model));
  choose_lengths(start, wish, data, device(speed, start.model));
  resolve(start, {.resolution = std::max(data.resolution, start.model.resolution),
                  .channels = 3,
                  .images = data.images});
  return start;
}

double hours(const Config& c, double speed) {
  return seconds_of(c, device(speed, c.model)) / 3600.0;
}

// Two cores of 2022: 330 images per second of the official network at 4x4.
constexpr double kTwoCores = 330.0;

DataShape photos(int64_t images, int64_t resolution) {
  return {.resolution = resolution, .channels = 3, .images = images};
}

TEST(Recipe, EndsInTimeAtItsResolutionForAnyDataAndDevice) {
  for (int64_t images = 1; images <= 1000000; images *= 10) {
    for (int64_t resolution = 4; resolution <= 1024; resolution *= 2) {
      for (const double speed : {10.0, kTwoCores, 5000.0}) {
        for (const double limit : {0.02, 2.0, 48.0}) {
          const RecipeWish wish{.hours = limit};
          const Config c = choose(wish, photos(images, resolution), speed);
          EXPECT_LE(hours(c, speed), limit) << images << " " << resolution << " " << speed;
          EXPECT_EQ(ends_below(c), "");
          EXPECT_LE(c.model.resolution, resolution);
          EXPECT_LE(total_images(c), std::max<int64_t>(5000 * images, 100000));
          EXPECT_GE(c.optimizer.average_decay, 0.9);
          EXPECT_LE(c.optimizer.average_decay, 0.999);
        }
      }
    }
  }
}

TEST(Recipe, FewImagesKeepTheirResolution) {
  // 150 kimg show 30 images 5,000 times, which takes less than two hours at 64x64.
  EXPECT_EQ(choose({}, photos(30, 64), kTwoCores).model.resolution, 64);
  EXPECT_EQ(choose({.hours = 48.0}, photos(30, 64), kTwoCores).model.resolution, 64);
}

TEST(Recipe, ResolutionGrowsWithTimeAndSpeed) {
  int64_t before = 0;
  for (double limit = 0.1; limit < 1000.0; limit *= 1.5) {
    const Config c = choose({.hours = limit}, photos(50000, 1024), kTwoCores);
    EXPECT_GE(c.model.resolution, before);
    before = c.model.resolution;
  }
  EXPECT_GE(before, 128);
  before = 0;
  for (double speed = 1.0; speed < 1e6; speed *= 3.0) {
    const Config c = choose({}, photos(50000, 1024), speed);
    EXPECT_GE(c.model.resolution, before);
    before = c.model.resolution;
  }
  EXPECT_EQ(before, 1024);
}

TEST(Recipe, WidensANetworkOnlyIfItGetsEnoughImages) {
  int64_t before = 0;
  for (double limit = 2.0; limit < 3000.0; limit *= 1.3) {
    const Config c = choose({.hours = limit}, photos(50000, 64), kTwoCores);
    ASSERT_EQ(c.model.resolution, 64) << limit;
    EXPECT_GE(c.model.fmap_base, before);
    before = c.model.fmap_base;
    if (before > 1024) {
      EXPECT_GE(c.schedule.lod_training_kimg, 100.0) << limit;
    }
  }
  EXPECT_EQ(before, 8192);
}

TEST(Recipe, UsesTheWholeTimeIfThereAreEnoughImages) {
  for (const double limit : {0.5, 2.0, 8.0}) {
    const Config c = choose({.hours = limit}, photos(50000, 256), kTwoCores);
    EXPECT_GT(hours(c, kTwoCores), 0.8 * limit) << limit;
  }
}

TEST(Recipe, TwoHoursOnTwoCoresTrain64x64) {
  const Config c = choose({}, photos(5000, 512), kTwoCores);
  EXPECT_EQ(c.model.resolution, 64);
  EXPECT_EQ(c.model.fmap_max, 128);
  EXPECT_GE(c.schedule.lod_training_kimg, 40.0);
  EXPECT_EQ(minibatch_at(c, 8), 16);
}

TEST(Recipe, AGpuTrainsTheOfficialNetworkAtTheResolutionOfTheData) {
  const Config c = choose({.gpu = true}, photos(30000, 1024), 0.0);
  const Config official = preset("official-tf");
  EXPECT_EQ(c.model.resolution, 1024);
  EXPECT_EQ(c.model.fmap_base, official.model.fmap_base);
  EXPECT_EQ(c.model.fmap_max, official.model.fmap_max);
  EXPECT_EQ(c.schedule.total_kimg, official.schedule.total_kimg);
  EXPECT_EQ(c.schedule.lod_training_kimg, 600.0);
  EXPECT_EQ(c.schedule.minibatch, official.schedule.minibatch);
  EXPECT_EQ(c.schedule.max_minibatch, 0);
  EXPECT_EQ(c.optimizer.average_decay, official.optimizer.average_decay);
  EXPECT_EQ(c.schedule.tick_kimg, official.schedule.tick_kimg);
  EXPECT_EQ(choose({.gpu = true}, photos(30000, 64), 0.0).schedule.total_kimg, 7200.0);
  EXPECT_EQ(choose({.gpu = true}, photos(200, 64), 0.0).schedule.total_kimg, 996.0);
}

TEST(Recipe, SmallIsSmallOnAnyDevice) {
  for (const bool gpu : {false, true}) {
    const Config c =
        choose({.recipe = Recipe::small, .gpu = gpu}, photos(50000, 1024), 100.0 * kTwoCores);
    EXPECT_EQ(c.model.resolution, 64);
    EXPECT_EQ(c.model.fmap_max, 128);
  }
}

TEST(Recipe, LeavesGivenKeys) {
  Config start;
  start.model.resolution = 128;
  start.model.fmap_base = 700;
  start.model.fmap_max = 50;
  start.schedule.max_minibatch = 8;
  start.schedule.total_kimg = 333.0;
  start.optimizer.average_decay = 0.5;
  start.checkpoint.every_kimg = 7.0;
  const Config c = choose(
      {.given = {"model.resolution", "model.fmap_base", "model.fmap_max", "schedule.max_minibatch",
                 "schedule.total_kimg", "optimizer.average_decay", "checkpoint.every_kimg"}},
      photos(5000, 64), kTwoCores, start);
  EXPECT_EQ(c.model.resolution, 128);
  EXPECT_EQ(c.model.fmap_base, 700);
  EXPECT_EQ(c.model.fmap_max, 50);
  EXPECT_EQ(c.schedule.max_minibatch, 8);
  EXPECT_EQ(c.schedule.total_kimg, 333.0);
  EXPECT_EQ(c.optimizer.average_decay, 0.5);
  EXPECT_EQ(c.checkpoint.every_kimg, 7.0);
  EXPECT_EQ(ends_below(c), "");
}

TEST(Recipe, EndsAfterGivenStages) {
  Config start;
  start.schedule.lod_training_kimg = 10.0;
  start.schedule.lod_transition_kimg = 20.0;
  const Config c = choose({.given = {"schedule.lod_training_kimg", "schedule.lod_transition_kimg"}},
                          photos(5000, 64), kTwoCores, start);
  EXPECT_EQ(c.schedule.lod_training_kimg, 10.0);
  EXPECT_EQ(c.schedule.lod_transition_kimg, 20.0);
  EXPECT_EQ(ends_below(c), "");
  EXPECT_LT(c.schedule.total_kimg, 300.0);
}

TEST(Recipe, MakesTheOtherLengthAsLong) {
  for (const std::string key : {"schedule.lod_training_kimg", "schedule.lod_transition_kimg"}) {
    Config start;
    set_key(start, key, "20");
    const Config c = choose({.given = {key}}, photos(5000, 64), kTwoCores, start);
    EXPECT_EQ(c.schedule.lod_training_kimg, 20.0) << key;
    EXPECT_EQ(c.schedule.lod_transition_kimg, 20.0) << key;
    EXPECT_EQ(ends_below(c), "");
  }
}

TEST(Recipe, MeasuresOnlyForAChoice) {
  const Config c;
  EXPECT_TRUE(needs_trial(c, {}));
  EXPECT_TRUE(lengths_need_speed({}));
  EXPECT_FALSE(needs_trial(c, {.gpu = true}));
  EXPECT_FALSE(lengths_need_speed({.gpu = true}));
  EXPECT_TRUE(lengths_need_speed({.hours = 3.0, .gpu = true}));
  EXPECT_FALSE(needs_trial(c, {.given = {"model.resolution", "model.fmap_max"}}));
  EXPECT_FALSE(lengths_need_speed({.given = {"schedule.total_kimg"}}));
  Config brief;
  brief.model.resolution = 64;
  brief.schedule.total_kimg = 0.4;
  const RecipeWish wish{.given = {"model.resolution", "schedule.total_kimg"}};
  EXPECT_FALSE(needs_trial(brief, wish));
  const Config chosen = choose(wish, photos(5000, 64), 1e9, brief);
  EXPECT_EQ(chosen.model.fmap_max, 128);
  EXPECT_EQ(chosen.schedule.total_kimg, 0.4);
  EXPECT_EQ(ends_below(chosen), "");
}

}  // namespace
}  // namespace pg
