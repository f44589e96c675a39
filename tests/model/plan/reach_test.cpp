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
      // 512 images between two readings at 4x4 are more than the shortest of these runs has.
      c.schedule.minibatch_repeats = 1;
      c.schedule.max_minibatch = 4;
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

// 512 images between two readings at 4x4, 16 of 128 and 8 of 32x32 to 512x512.
TEST(ScaleToReach, EndsStableBetweenReadingsOfTheSchedule) {
  for (const double kimg : {0.6, 1.3, 3.0, 3.3, 7.0, 12.5}) {
    for (const int64_t resolution : {8, 64, 256}) {
      Config c = official(resolution, kimg);
      scale_to_reach(c);
      EXPECT_EQ(ends_below(c), "") << kimg << " " << resolution;
    }
  }
}

// One minibatch after the other, as a run takes them.
SchedulePoint last_of_all_readings(const Config& c) {
  SchedulePoint point = schedule_at(c, 0);
  const int64_t total = total_images(c),
                together = c.schedule.repeat_images ? 1 : c.schedule.minibatch_repeats;
  for (int64_t images = 0, repeat = 0; images < total; repeat = (repeat + 1) % together) {
    if (repeat == 0) point = schedule_at(c, images);
    images += point.minibatch;
  }
  return point;
}

TEST(EndsBelow, FollowsTheReadingsOfTheSchedule) {
  for (const std::string& name : preset_names()) {
    for (double kimg = 0.03; kimg < 40.0; kimg *= 1.17) {
      Config c = preset(name);
      c.schedule.lod_training_kimg = 1.0;
      c.schedule.lod_transition_kimg = 0.7;
      c.schedule.total_kimg = kimg;
      resolve(c, {.resolution = 32, .channels = 3, .images = 100});
      const Fade expected = last_of_all_readings(c).fade, fade = last_reading(c).fade;
      EXPECT_EQ(fade.resolution, expected.resolution) << name << " " << kimg;
      EXPECT_EQ(fade.alpha, expected.alpha) << name << " " << kimg;
    }
  }
}

TEST(EndsBelow, KnowsRunsThatReadTheScheduleTooSeldom) {
  Config c = official(64, 0.5);
  scale_to_reach(c);
  EXPECT_EQ(ends_below(c), "ends in the 4x4 stage, of 64x64");
  EXPECT_TRUE(reads_too_seldom(c));
  c.schedule.minibatch_repeats = 1;
  c.schedule.max_minibatch = 4;
  EXPECT_FALSE(reads_too_seldom(c));
}

TEST(ScaleToReach, KeepsGivenLengths) {
  Config c = official(64, 100.0);
  c.schedule.lod_training_kimg = 4.0;
  scale_to_reach(c, {"schedule.lod_training_kimg"});  // four fades and five times 4
  EXPECT_EQ(c.schedule.lod_training_kimg, 4.0);
  EXPECT_NEAR(c.schedule.lod_transition_kimg, 20.0, 1e-9);
  EXPECT_EQ(ends_below(c), "");
  Config too_long = official(64, 100.0);
  too_long.schedule.lod_training_kimg = 40.0;
  scale_to_reach(too_long, {"schedule.lod_training_kimg"});
  EXPECT_EQ(too_long.schedule.lod_transition_kimg, 600.0);
  EXPECT_NE(ends_below(too_long), "");
  Config both = official(64, 100.0);
  scale_to_reach(both, {"schedule.lod_training_kimg", "schedule.lod_transition_kimg"});
  EXPECT_EQ(both.schedule.lod_transition_kimg, 600.0);
}

TEST(ScaleToReach, ShortensExtraImages) {
  Config c = official(16, 20.0);
  c.schedule.lod_training_kimg = c.schedule.lod_transition_kimg = 10.0;
  c.schedule.extra_kimg = {{4, 10.0}, {16, 10.0}};  // the last stage ends with the run
  scale_to_reach(c);
  EXPECT_NEAR(c.schedule.extra_kimg.at(4), 10.0 / 3.0, 1e-12);
  EXPECT_EQ(ends_below(c), "");
}

TEST(ScaleToReach, GoesOnInTheLastStageOfTables) {
  for (const char* name : {"gan-zoo", "akanimax", "tutorial", "exercise", "readme-hq"}) {
    Config c = preset(name);
    resolve(c, {.resolution = 16, .channels = 3, .images = 100});
    ASSERT_NE(c.schedule.unit, ScheduleUnit::kimg) << name;
    c.schedule.total_kimg = 0.0;
    const int64_t own = total_images(c);
    c.schedule.total_kimg = kimg_of(2 * own);
    scale_to_reach(c);
    EXPECT_EQ(total_images(c), 2 * own) << name;
    EXPECT_EQ(ends_below(c), "") << name;
  }
}

TEST(EndsBelow, NamesStageAndAlpha) {
  Config c = official(64, 2.5);
  c.schedule.minibatch_repeats = 1;
  c.schedule.max_minibatch = 4;
  c.schedule.lod_training_kimg = c.schedule.lod_transition_kimg = 0.5;
  EXPECT_EQ(ends_below(c), "ends in the 16x16 stage, of 64x64");
  c.schedule.total_kimg = 1.7;
  EXPECT_EQ(ends_below(c), "ends in the 16x16 stage, alpha 0.39, of 64x64");
  c.schedule.total_kimg = 0.3;
  EXPECT_EQ(ends_below(c), "ends in the 4x4 stage, of 64x64");
}

}  // namespace
}  // namespace pg
