// reach_test.cpp: schedules scaled to the length of a run, and runs that end too early.
#include "model/plan/reach.h"

#include <gtest/gtest.h>

namespace pg {
namespace {

Config official(int64_t resolution, double kimg) {
  Config c = preset("official-tf");
  c.schedule.total_kimg = kimg;
  resolve(c, {.resolution = resolution, .channels = 3, .images = 1000});
  return c;
}

TEST(ScaleToReach, EndsStableAtTheResolutionForAnyLength) {
  for (const double kimg : {0.05, 0.4, 3.0, 100.0, 4799.0, 12000.0}) {
    for (const int64_t resolution : {4, 8, 64, 1024}) {
      Config c = official(resolution, kimg);
      scale_to_reach(c);
      EXPECT_EQ(ends_below(c), "") << kimg << " " << resolution;
      EXPECT_EQ(c.schedule.total_kimg, kimg);
      EXPECT_EQ(stages(c).back().resolution, resolution);
    }
  }
}

TEST(ScaleToReach, KeepsTheProportionsOfTrainingAndFade) {
  Config c = official(64, 54.0);
  c.schedule.lod_training_kimg = 200.0;
  c.schedule.lod_transition_kimg = 600.0;
  scale_to_reach(c);  // four times 800 and 200: 3400
  EXPECT_NEAR(c.schedule.lod_training_kimg, 200.0 * 54.0 / 3400.0, 1e-12);
  EXPECT_NEAR(c.schedule.lod_transition_kimg, 600.0 * 54.0 / 3400.0, 1e-12);
}

TEST(ScaleToReach, LeavesAScheduleThatGrowsFastEnough) {
  Config c = official(64, 5400.0);
  scale_to_reach(c);
  EXPECT_EQ(c.schedule.lod_training_kimg, 600.0);
  EXPECT_EQ(c.schedule.lod_transition_kimg, 600.0);
}

TEST(ScaleToReach, ShortensIterationsAndEpochsAsWell) {
  for (const char* name : {"gan-zoo", "akanimax", "tutorial", "exercise"}) {
    Config c = preset(name);
    c.schedule.total_kimg = 2.0;
    resolve(c, {.resolution = 16, .channels = 3, .images = 1000});
    EXPECT_NE(ends_below(c), "") << name;
    scale_to_reach(c);
    EXPECT_EQ(ends_below(c), "") << name;
    EXPECT_LE(total_images(c), 2000) << name;
  }
}

TEST(EndsBelow, NamesStageAndAlpha) {
  Config c = official(64, 2.5);
  c.schedule.lod_training_kimg = c.schedule.lod_transition_kimg = 0.5;
  EXPECT_EQ(ends_below(c), "ends in the 16x16 stage, of 64x64");
  c.schedule.total_kimg = 1.7;
  EXPECT_EQ(ends_below(c), "ends in the 16x16 stage, alpha 0.40, of 64x64");
  c.schedule.total_kimg = 0.3;
  EXPECT_EQ(ends_below(c), "ends in the 4x4 stage, of 64x64");
}

}  // namespace
}  // namespace pg
