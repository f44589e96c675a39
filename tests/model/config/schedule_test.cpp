// schedule_test.cpp: published schedules, and properties of every schedule.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "model/config/schedule.h"

namespace pg {
namespace {

Config config_1024() {
  Config c;
  c.model.resolution = 1024;
  return c;
}

// Uneven stages, a start above 4x4, no fades, and an end within a stage.
std::vector<Config> odd_configs() {
  std::vector<Config> configs(6);
  for (Config& c : configs) {
    c.model.resolution = 64;
    c.schedule.lod_training_kimg = 0.7;
    c.schedule.lod_transition_kimg = 0.3;
    c.schedule.total_kimg = 5.0;
  }
  configs[1].schedule.lod_initial_resolution = 16;
  configs[1].schedule.lod_training_kimg = 0.0;
  configs[2].schedule.lod_transition_kimg = 0.0;
  configs[3].schedule.total_kimg = 1.9;
  configs[4].schedule.extra_kimg = {{8, 0.25}, {16, 0.001}, {64, 1.0}};
  configs[5].schedule.extra_kimg = {{4, 0.4}, {32, 0.3}};
  configs[5].schedule.lod_transition_kimg = 0.0;
  return configs;
}

TEST(Schedule, FirstImagesAreStable4x4) {
  for (const int64_t n : {int64_t{0}, int64_t{1}, int64_t{600000}}) {
    const SchedulePoint p = schedule_at(config_1024(), n);
    EXPECT_EQ(p.lod, 8.0);
    EXPECT_EQ(p.fade.resolution, 4);
    EXPECT_EQ(p.fade.alpha, 1.0);
    EXPECT_FALSE(p.fade.fading());
  }
}

TEST(Schedule, FirstFadeLastsFrom600To1200Kimg) {
  const SchedulePoint first = schedule_at(config_1024(), 600001);
  EXPECT_EQ(first.fade.resolution, 8);
  EXPECT_TRUE(first.fade.fading());
  EXPECT_NEAR(first.fade.alpha, 1.0 / 600000.0, 1e-12);
  const SchedulePoint middle = schedule_at(config_1024(), 900000);
  EXPECT_EQ(middle.fade.resolution, 8);
  EXPECT_EQ(middle.fade.alpha, 0.5);
  EXPECT_EQ(middle.lod, 7.5);
  const SchedulePoint last = schedule_at(config_1024(), 1199999);
  EXPECT_TRUE(last.fade.fading());
  EXPECT_NEAR(last.fade.alpha, 1.0 - 1.0 / 600000.0, 1e-12);
  const SchedulePoint stable = schedule_at(config_1024(), 1200000);
  EXPECT_EQ(stable.fade.resolution, 8);
  EXPECT_FALSE(stable.fade.fading());
  EXPECT_EQ(stable.fade.alpha, 1.0);
  EXPECT_EQ(stable.lod, 7.0);
}

TEST(Schedule, First1024StableImageIsAt9600Kimg) {
  EXPECT_TRUE(schedule_at(config_1024(), 9599999).fade.fading());
  for (const int64_t n : {int64_t{9600000}, int64_t{12000000}, int64_t{99000000}}) {
    const SchedulePoint p = schedule_at(config_1024(), n);
    EXPECT_EQ(p.fade.resolution, 1024);
    EXPECT_FALSE(p.fade.fading());
    EXPECT_EQ(p.lod, 0.0);
    EXPECT_EQ(p.fade.alpha, 1.0);
  }
}

TEST(Schedule, MinibatchesRatesAndTicksAreThosePublished) {
  const std::vector<int64_t> minibatch = {128, 128, 128, 64, 32, 16, 8, 4, 4};
  const std::vector<double> ticks = {160, 140, 120, 100, 80, 60, 40, 20, 10};
  for (size_t i = 0; i < minibatch.size(); ++i) {
    const SchedulePoint p = schedule_at(config_1024(), static_cast<int64_t>(i) * 1200000);
    ASSERT_EQ(p.fade.resolution, int64_t{4} << i);
    EXPECT_EQ(p.minibatch, minibatch[i]);
    EXPECT_EQ(p.tick_kimg, ticks[i]);
    EXPECT_EQ(p.g_learning_rate, p.fade.resolution == 1024 ? 0.0015 : 0.001);
    EXPECT_EQ(p.d_learning_rate, p.g_learning_rate);
  }
}

TEST(Schedule, FadeUsesTheValuesOfTheNewResolution) {
  const SchedulePoint p = schedule_at(config_1024(), 9000001);
  EXPECT_EQ(p.fade.resolution, 1024);
  EXPECT_EQ(p.minibatch, 4);
  EXPECT_EQ(p.g_learning_rate, 0.0015);
}

TEST(Schedule, OptimizerResetsAtTheStartAndAtBothEndsOfEachFade) {
  const Config c = config_1024();
  std::vector<int64_t> resets;
  double lod = kNoLod;
  // 1000 divides every border, so each reset shows within one step of it.
  for (int64_t n = 0; n <= 12000000; n += 1000) {
    const double next = schedule_at(c, n).lod;
    if (optimizer_resets_between(lod, next)) resets.push_back(n);
    lod = next;
  }
  std::vector<int64_t> expected = {0};
  for (int64_t i = 0; i < 8; ++i) {
    expected.push_back(i * 1200000 + 601000);
    expected.push_back((i + 1) * 1200000);
  }
  EXPECT_EQ(resets, expected);
}

TEST(Schedule, OptimizerResetsAfterASkippedFade) {
  EXPECT_TRUE(optimizer_resets_between(3.0, 2.0));
  EXPECT_TRUE(optimizer_resets_between(2.5, 1.5));
  EXPECT_FALSE(optimizer_resets_between(2.5, 2.1));
  EXPECT_FALSE(optimizer_resets_between(0.0, 0.0));
}

TEST(Schedule, LodNeverRisesAndAlphaFollowsIt) {
  for (const Config& c : odd_configs()) {
    double previous = 1e9;
    for (int64_t n = 0; n < 6000; ++n) {
      const SchedulePoint p = schedule_at(c, n);
      ASSERT_LE(p.lod, previous);
      ASSERT_EQ(p.fade.resolution, 64 >> static_cast<int64_t>(std::floor(p.lod)));
      ASSERT_GT(p.fade.alpha, 0.0);
      ASSERT_LE(p.fade.alpha, 1.0);
      ASSERT_EQ(p.fade.fading(), p.fade.alpha < 1.0);
      previous = p.lod;
    }
    EXPECT_EQ(previous, 0.0);
  }
}

TEST(Schedule, StagesCoverTheRunAndAgreeWithEveryImage) {
  for (const Config& c : odd_configs()) {
    int64_t n = 0;
    for (const Stage& stage : stages(c)) {
      EXPECT_EQ(stage.first, n);
      EXPECT_GT(stage.end, stage.first);
      for (; n < stage.end; ++n) {
        const SchedulePoint p = schedule_at(c, n);
        ASSERT_EQ(p.fade.resolution, stage.resolution) << n;
        ASSERT_EQ(p.fade.fading(), stage.fading) << n;
      }
    }
    EXPECT_EQ(n, total_images(c));
  }
}

TEST(Schedule, ExtraImagesHoldAResolutionAndThenTheScheduleContinues) {
  for (const double fade : {0.0, 0.3}) {
    Config plain = odd_configs()[0];
    plain.schedule.lod_transition_kimg = fade;
    Config longer = plain;
    longer.schedule.extra_kimg = {{16, 0.5}};
    // Of three stages at 16x16, the fade that follows starts after the last of these images.
    const int64_t last = 2 * (700 + images_in(fade)) + 700 - (fade > 0.0 ? 0 : 1);
    for (int64_t n = 0; n < 5000; ++n) {
      const SchedulePoint held = schedule_at(longer, n > last ? n + 500 : n);
      EXPECT_EQ(held.lod, schedule_at(plain, n).lod) << n;
      const int64_t in_extra = last + n % 500;
      EXPECT_EQ(schedule_at(longer, in_extra).lod, 2.0) << in_extra;
    }
    EXPECT_EQ(schedule_at(longer, last + 500).fade.resolution, 16);
    EXPECT_EQ(schedule_at(longer, last + 501).fade.resolution, 32);
  }
}

TEST(Schedule, StagesOfTheOfficialRun) {
  const std::vector<Stage> all = stages(config_1024());
  ASSERT_EQ(all.size(), 17u);
  EXPECT_EQ(stage_name(all[0].halfway()), "4x4 stable");
  EXPECT_EQ(stage_name(all[1].halfway()), "8x8 fading");
  EXPECT_EQ(all[1].end, 1200000);
  EXPECT_EQ(all.back().first, 9600000);
  EXPECT_EQ(all.back().end, 12000000);
}

TEST(Schedule, LearningRateRampsUp) {
  Config c = config_1024();
  c.optimizer.rampup_kimg = 40.0;
  EXPECT_DOUBLE_EQ(schedule_at(c, 0).g_learning_rate, 1e-3 * std::exp(-5.0));
  EXPECT_DOUBLE_EQ(schedule_at(c, 20000).d_learning_rate, 1e-3 * std::exp(-1.25));
  EXPECT_EQ(schedule_at(c, 40000).g_learning_rate, 1e-3);
}

TEST(Schedule, StaysAtTheInitialResolutionWithoutGrowth) {
  Config c;
  c.model.resolution = c.schedule.lod_initial_resolution = 32;
  c.schedule.lod_training_kimg = c.schedule.lod_transition_kimg = 0.0;
  EXPECT_EQ(schedule_at(c, 5000).fade.resolution, 32);
  ASSERT_EQ(stages(c).size(), 1u);
}

Config epochs(const char* preset_name, int64_t images) {
  Config c = preset(preset_name);
  c.model.resolution = 64;
  c.data.images = images;
  return c;
}

// 48k iterations of 16 images at 4x4, 96k above; alpha rises from 0 by 1/600 every 32 iterations
// and is 1 at iteration 19200.
TEST(Schedule, GanZooFadesInSteps) {
  const Config c = epochs("gan-zoo", 0);
  EXPECT_EQ(schedule_at(c, 48000 * 16 - 1).fade.resolution, 4);
  const int64_t start = 48000 * 16;
  const auto alpha = [&](int64_t iteration) {
    return schedule_at(c, start + iteration * 16).fade.alpha;
  };
  EXPECT_EQ(schedule_at(c, start).fade.resolution, 8);
  EXPECT_EQ(alpha(0), 0.0);
  EXPECT_EQ(alpha(31), 0.0);
  EXPECT_DOUBLE_EQ(alpha(32), 1.0 / 600.0);
  EXPECT_DOUBLE_EQ(alpha(19199), 599.0 / 600.0);
  EXPECT_EQ(alpha(19200), 1.0);
  EXPECT_EQ(schedule_at(c, start + 96000 * 16).fade.resolution, 16);
  EXPECT_EQ(total_images(c), (48000 + 4 * 96000) * 16);
}

// Python: fader = int(50 / 100 * 42 * len(loader)), alpha = ticker / fader with ticker from 1.
TEST(Schedule, AkanimaxCountsWholeMinibatches) {
  const Config c = epochs("akanimax", 1000);  // 31 minibatches of 32 in an epoch
  const int64_t stage = 42 * 31 * 32, fader = 21 * 31;
  EXPECT_DOUBLE_EQ(schedule_at(c, stage).fade.alpha, 1.0 / static_cast<double>(fader));
  EXPECT_DOUBLE_EQ(schedule_at(c, stage + 99 * 32).fade.alpha, 100.0 / static_cast<double>(fader));
  EXPECT_EQ(schedule_at(c, stage + (fader - 1) * 32).fade.alpha, 1.0);
  EXPECT_EQ(schedule_at(c, 2 * stage).fade.resolution, 16);
}

TEST(Schedule, SmallDataSetHasEpochsOfOneMinibatch) {
  EXPECT_EQ(total_images(epochs("akanimax", 20)), (4 * 32 + 16) * 42);
}

TEST(Schedule, TutorialFadesFromAlphaOf1Over100000) {
  const Config c = epochs("tutorial", 1000);
  const int64_t stage = 30 * 1000;
  EXPECT_EQ(schedule_at(c, stage - 1).fade.resolution, 4);
  EXPECT_DOUBLE_EQ(schedule_at(c, stage).fade.alpha, 1e-5);
  EXPECT_DOUBLE_EQ(schedule_at(c, stage + 32).fade.alpha, 1e-5 + 32 / (0.5 * 30 * 1000));
  EXPECT_EQ(schedule_at(c, stage + 15000).fade.alpha, 1.0);
  EXPECT_EQ(total_images(c), 5 * stage);
}

TEST(Schedule, ReadmeHasTenEpochsAndItsMinibatches) {
  Config c = epochs("readme-hq", 30000);
  c.model.resolution = 1024;
  const std::vector<int64_t> minibatch = {16, 16, 16, 16, 16, 16, 16, 8, 4};
  for (size_t i = 0; i < minibatch.size(); ++i) {
    const SchedulePoint p = schedule_at(c, static_cast<int64_t>(i) * 300000);
    EXPECT_EQ(p.fade.resolution, int64_t{4} << i);
    EXPECT_EQ(p.minibatch, minibatch[i]);
  }
}

TEST(Schedule, EightGpusHaveTheirPublishedTable) {
  Config c = preset("official-tf-8gpu");
  c.model.resolution = 1024;
  const std::vector<int64_t> minibatch = {512, 256, 128, 64, 32, 32, 32, 32, 32};
  const std::vector<double> rate = {1, 1, 1, 1, 1, 1.5, 2, 3, 3};
  for (size_t i = 0; i < minibatch.size(); ++i) {
    const SchedulePoint p = schedule_at(c, static_cast<int64_t>(i) * 1200000);
    EXPECT_EQ(p.minibatch, minibatch[i]);
    EXPECT_DOUBLE_EQ(p.g_learning_rate, rate[i] * 1e-3);
  }
}

TEST(Schedule, EpochsWithoutADataSetAreAUsageError) {
  EXPECT_THROW(schedule_at(epochs("tutorial", 0), 0), UsageError);
}

// Presets in iterations or epochs, at every image of a small run.
TEST(Schedule, StagesInIterationsAndEpochsAgreeWithEveryImage) {
  for (const char* name : {"gan-zoo", "akanimax", "tutorial", "readme-hq", "exercise"}) {
    Config c = epochs(name, 70);
    c.schedule.stage_lengths = {{16, 7.0}};
    c.schedule.stage_length = 5.0;
    c.schedule.fade_length = 3.0;
    c.schedule.alpha_step = std::min<int64_t>(c.schedule.alpha_step, 2);
    int64_t n = 0;
    double lod = 1e9;
    for (const Stage& stage : stages(c)) {
      EXPECT_EQ(stage.first, n);
      for (; n < stage.end; ++n) {
        const SchedulePoint p = schedule_at(c, n);
        ASSERT_EQ(p.fade.resolution, stage.resolution) << name << " " << n;
        ASSERT_EQ(p.fade.fading(), stage.fading) << name << " " << n;
        ASSERT_LE(p.lod, lod);
        lod = p.lod;
      }
    }
    EXPECT_EQ(n, total_images(c));
    EXPECT_EQ(lod, 0.0);
  }
}

// 4x4 never fades, whatever alpha is.
TEST(Fade, FadesBelowAlphaOneAndAbove4x4) {
  EXPECT_TRUE((Fade{8, 0.0}).fading());
  EXPECT_TRUE((Fade{8, 0.999}).fading());
  EXPECT_FALSE((Fade{8, 1.0}).fading());
  EXPECT_FALSE((Fade{4, 0.5}).fading());
}

TEST(Schedule, UnknownResolutionIsAUsageError) {
  EXPECT_THROW(schedule_at(Config{}, 0), UsageError);
}

TEST(Schedule, ImagesAtAnLodHaveThatLod) {
  for (const std::string& name : preset_names()) {
    Config config = preset(name);
    resolve(config, {.resolution = 64, .channels = 3, .images = 1000, .labels = 0});
    for (const Stage& stage : stages(config)) {
      for (const int64_t images : {stage.first, (stage.first + stage.end) / 2, stage.end - 1}) {
        const double lod = schedule_at(config, images).lod;
        const int64_t found = images_at_lod(config, lod);
        EXPECT_EQ(schedule_at(config, found).lod, lod) << name << " " << images;
        EXPECT_LE(found, images);
      }
    }
    EXPECT_EQ(images_at_lod(config, 0.0), stages(config).back().first) << name;
    EXPECT_EQ(images_at_lod(config, 100.0), 0) << name;
  }
}

}  // namespace
}  // namespace pg
