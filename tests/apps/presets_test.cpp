// presets_test.cpp: every preset, loss and kind of conditioning trains through all stages.
#include <gtest/gtest.h>

#include "data/images/image.h"
#include "data/images/png.h"
#include "model/config/config.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

// Networks with few channels and stages of a few minibatches of 8, in any unit of the schedule. 60
// images leave an incomplete minibatch at the end of each epoch.
std::string small(const std::string& preset, const std::string& kimg = "") {
  const Config c = pg::preset(preset);
  std::string options = "train --data builtin:shapes:60 --resolution 16 --preset " + preset +
                        " --set schedule.minibatch={} --set schedule.minibatch_base=8"
                        " --set train.image_grid=2x4 --set checkpoint.every_kimg=0.1"
                        " --set schedule.tick_kimg={} --set schedule.tick_kimg_base=0.1";
  options += " --set model.fmap_base=" + std::to_string(c.model.fmap_base / 32);
  options += " --set model.fmap_max=" + std::to_string(c.model.fmap_max / 32);
  if (c.schedule.unit == ScheduleUnit::kimg) {
    options +=
        " --set schedule.lod_training_kimg=0.05"
        " --set schedule.lod_transition_kimg=0.05";
  } else if (c.schedule.unit == ScheduleUnit::iterations) {
    options +=
        " --set schedule.stage_lengths={} --set schedule.stage_length=6"
        " --set schedule.fade_length=4 --set schedule.alpha_step=2";
  } else {
    options += " --set schedule.stage_length=2 --set schedule.fade_length=1";
  }
  const std::string end = c.schedule.unit == ScheduleUnit::kimg && kimg.empty() ? "0.3" : kimg;
  return end.empty() ? options : options + " --kimg " + end;
}

fs::path only_run(const Sandbox& box) {
  fs::path found;
  for (const auto& entry : fs::directory_iterator(box / "runs")) found = entry.path();
  return found;
}

void expect_trained(const Sandbox& box, const Outcome& o) {
  ASSERT_EQ(o.code, 0) << o.err;
  const std::string log = box.read(only_run(box) / "log.txt");
  for (const char* stage : {"4x4 stable", "8x8 fading", "16x16 fading", "16x16 stable"}) {
    EXPECT_NE(log.find(stage), std::string::npos) << stage << "\n" << log;
  }
  EXPECT_EQ(log.find("not finite"), std::string::npos) << log;
  const Outcome images = box.run("generate --from 0 --seeds 0-7 --grid 2x4 --out grid.png");
  ASSERT_EQ(images.code, 0) << images.err;
  EXPECT_EQ(decode_file(box / "grid.png").width, 64);
}

class Presets : public testing::TestWithParam<std::string> {};

TEST_P(Presets, TrainThroughAllStages) {
  const Sandbox box;
  expect_trained(box, box.run(small(GetParam())));
}

TEST_P(Presets, ResumeAsIfNeverStopped) {
  const Sandbox box;
  ASSERT_EQ(box.run(small(GetParam()) + " --out whole").code, 0);
  ASSERT_EQ(box.run(small(GetParam(), "0.15") + " --out parts").code, 0);
  const std::string limit = preset(GetParam()).schedule.unit == ScheduleUnit::kimg ? "0.3" : "0";
  const Outcome o = box.run("train --resume --out parts --kimg " + limit);
  ASSERT_EQ(o.code, 0) << o.err;
  for (const char* from : {"whole", "parts"}) {
    const fs::path run = *fs::directory_iterator(box / from);
    ASSERT_EQ(
        box.run("generate --from " + run.string() + " --seeds 0-7 --out " + from + ".png").code, 0);
  }
  EXPECT_EQ(box.read("whole.png"), box.read("parts.png"));
}

INSTANTIATE_TEST_SUITE_P(All, Presets, testing::ValuesIn(preset_names()), [](const auto& p) {
  std::string name = p.param;
  std::erase(name, '-');
  return name;
});

TEST(Presets, ReadmeHqWritesAGridForEachResolution) {
  const Sandbox box;
  ASSERT_EQ(box.run(small("readme-hq")).code, 0);
  for (const int64_t step : {0, 1, 2}) {
    const fs::path file = only_run(box) / ("generated_image" + std::to_string(step) + ".png");
    ASSERT_TRUE(fs::exists(file)) << file;
    EXPECT_EQ(decode_file(file).height, 2 * (4 << step));
  }
}

class Losses : public testing::TestWithParam<std::string> {};

TEST_P(Losses, TrainThroughAllStages) {
  const Sandbox box;
  expect_trained(box, box.run(small("official-tf") + GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    All, Losses,
    testing::Values(" --set loss.kind=logistic --set loss.gp_lambda=0 --set loss.r1_gamma=10"
                    " --set loss.drift_epsilon=0",
                    " --set loss.kind=hinge", " --set loss.kind=lsgan --set loss.gp_lambda=0",
                    " --set schedule.n_critic=3", " --set model.conditioning=acgan",
                    " --set model.conditioning=projection", " --set loss.gp_target=750"),
    [](const auto& p) { return "Case" + std::to_string(p.index); });

TEST(Conditional, GeneratesTheRequestedClass) {
  const Sandbox box;
  ASSERT_EQ(box.run(small("official-tf") + " --set model.conditioning=acgan").code, 0);
  ASSERT_EQ(box.run("generate --from 0 --seeds 5 --class 0 --out a.png").code, 0);
  ASSERT_EQ(box.run("generate --from 0 --seeds 5 --class 1 --out b.png").code, 0);
  ASSERT_EQ(box.run("generate --from 0 --seeds 5,5,5,5 --grid 2x2 --out grid.png").code, 0);
  EXPECT_NE(box.read("a.png"), box.read("b.png"));
  // One class per row: the first pixel of row 1 is that of class 1.
  const Image grid = decode_file(box / "grid.png"), b = decode_file(box / "b.png");
  EXPECT_EQ(grid.pixels[static_cast<size_t>(16 * 32 * 3)], b.pixels[0]);
  const Outcome o = box.run("generate --from 0 --seeds 5 --class 6 --out c.png");
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("--class: unknown class '6': expected a name or number of 0 "),
            std::string::npos)
      << o.err;
}

TEST(Conditional, DataWithoutClassesIsRejected) {
  const Sandbox box;
  fs::create_directory(box / "plain");
  const Image image{.height = 8, .width = 8, .channels = 3, .pixels = std::vector<uint8_t>(192, 9)};
  write_png(box / "plain/a.png", image);
  const Outcome o = box.run("train --data plain --set model.conditioning=projection");
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("model.conditioning needs classes, but the data set 'plain' has none"),
            std::string::npos)
      << o.err;
}

}  // namespace
}  // namespace pg::test
