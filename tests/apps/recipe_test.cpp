// recipe_test.cpp: train and plan choose settings, and say what a run will do.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
#define EXPECT_LACKS(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (text)

// A network so small that measuring takes no time.
const std::string kTiny =
    " --device cpu --set model.fmap_base=32 --set model.fmap_max=8 --set model.latent_size=8 ";
const std::string kNarrow = kTiny + "--data builtin:shapes:128 ";

TEST(Recipe, AShortRunReachesItsResolution) {
  const Sandbox box;
  const Outcome o = box.run("train --resolution 16 --kimg 0.2" + kNarrow);
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_HAS(o.err, "16x16 stable from 0.1 kimg");
  EXPECT_LACKS(o.err, "warning:");
  EXPECT_HAS(box.read("runs/00000-builtin-shapes-128-auto-16/config.toml"), "recipe = \"auto\"");
}

TEST(Recipe, PresetsAreScaledToReachAsWell) {
  const Sandbox box;
  const Outcome o = box.run("train --preset gan-zoo --resolution 8 --kimg 0.2" + kNarrow +
                            "--set schedule.minibatch_base=8");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_HAS(o.err, "8x8 stable from 0.1 kimg");
  EXPECT_LACKS(o.err, "ends in");
  EXPECT_HAS(o.err, "recipe official: 8x8");
}

TEST(Recipe, GivenStagesWinAndTheEndIsNamedOnce) {
  const Sandbox box;
  const std::string options =
      " --resolution 16 --kimg 0.2 --set schedule.lod_training_kimg=0.3 " + kNarrow;
  for (const char* command : {"train", "plan"}) {
    const Outcome o = box.run(command + options);
    ASSERT_EQ(o.code, 0) << o.err;
    EXPECT_HAS(o.err, "warning: the run ends in the 4x4 stage, of 16x16");
    EXPECT_EQ(o.err.find("warning:"), o.err.rfind("warning:")) << o.err;
  }
}

TEST(Recipe, TheTableComesBeforeTrainingAndNotWithQuiet) {
  const Sandbox box;
  const std::string options = "train --resolution 8 --kimg 0.1 --data builtin:shapes:64" + kTiny;
  const Outcome o = box.run(options);
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_HAS(o.err, "recipe auto: 8x8, at most 8 feature maps, 100 images");
  EXPECT_LT(o.err.find("ends at"), o.err.find("run folder"));
  EXPECT_HAS(o.err, "for better images: --hours N");
  EXPECT_HAS(o.err, "warning: the data set has only 64 images");
  EXPECT_HAS(o.err, "unknown");  // too short to measure its time
  const Outcome quiet = box.run(options + "--quiet");
  EXPECT_LACKS(quiet.err, "recipe");
  EXPECT_HAS(quiet.err, "warning: the data set has only 64 images");
}

TEST(Recipe, FillsTheGivenHours) {
  const Sandbox box;
  const Outcome o = box.run("plan --json --hours 0.5 --resolution 8" + kNarrow);
  ASSERT_EQ(o.code, 0) << o.err;
  const auto plan = nlohmann::json::parse(o.out);
  EXPECT_LE(plan.at("seconds").get<double>(), 1800.0);
}

TEST(Recipe, WrongOnesAreRejected) {
  const Sandbox box;
  const auto rejected = [&](const std::string& options, const std::string& why) {
    const Outcome o = box.run("plan --resolution 8 " + options);
    EXPECT_EQ(o.code, 2);
    EXPECT_HAS(o.err, why);
  };
  rejected("--recipe atuo", "unknown recipe 'atuo': did you mean 'auto'?");
  rejected("--recipe auto --preset paper", "--preset paper fixes them");
  rejected("--hours 2 --preset paper", "--preset paper fixes one; drop one of the two");
  rejected("--hours 0", "--hours");
  for (const char* option : {"--hours 3", "--recipe small"}) {
    const Outcome o = box.run(std::string("train --resume 0 ") + option);
    EXPECT_EQ(o.code, 2);
    EXPECT_HAS(o.err, "drop --recipe and --hours");
  }
}

TEST(Recipe, PresetsAndWholeSchedulesStayAsTheyAre) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny("--kimg 0.032")).code, 0);
  const std::string config = box.read("runs/00000-builtin-shapes-64-official-tf-8/config.toml");
  EXPECT_HAS(config, "recipe = \"official\"");
  EXPECT_HAS(config, "average_decay = 0.999\n");
  EXPECT_HAS(config, "tick_kimg_base = 0.032");
}

TEST(Recipe, ARunIsRepeatedByItsConfig) {
  const Sandbox box;
  ASSERT_EQ(box.run("train --out a --resolution 8 --kimg 0.1" + kNarrow).code, 0);
  const Outcome o = box.run("train --out b --config a/00000-builtin-shapes-128-auto-8/config.toml");
  ASSERT_EQ(o.code, 0) << o.err;
  for (const char* folder : {"a/", "b/"}) {
    ASSERT_EQ(
        box.run("generate --from " + (std::string(folder) + "00000-builtin-shapes-128-auto-8") +
                " --seeds 0-3 --grid 2x2 --out " + folder[0] + ".png")
            .code,
        0)
        << box.read("err.txt");
  }
  EXPECT_EQ(box.read("a.png"), box.read("b.png"));
}

}  // namespace
}  // namespace pg::test
