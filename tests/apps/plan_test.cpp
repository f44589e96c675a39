// plan_test.cpp: the command plan, and train with little memory.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

// The options of tiny() for plan.
std::string planned(const std::string& more = "") {
  return "plan" + tiny(more).substr(std::string("train").size());
}

nlohmann::json plan_of(const Sandbox& box, const std::string& more = "") {
  const Outcome o = box.run(planned("--json " + more));
  EXPECT_EQ(o.code, 0) << o.err;
  return nlohmann::json::parse(o.out);
}

// Large minibatches: images, not filters, need most of the memory.
const std::string kWide = "--set schedule.max_minibatch=32 --set model.fmap_base=256 ";

// A limit one byte below the need of 8x8 with whole minibatches.
std::string too_little(const Sandbox& box) {
  const auto stage = plan_of(box, kWide).at("stages").at(1);
  return kWide + "--memory-limit " +
         std::to_string(stage.at("memory").at("total").get<int64_t>() - 1);
}

TEST(Plan, PrintsMemoryDiskAndTimeAndBuildsNothing) {
  const Sandbox box;
  const Outcome o = box.run(planned("--measure"));
  ASSERT_EQ(o.code, 0) << o.err;
  for (const char* text : {"4x4", "8x8", "images/s", "time of the whole run", "checkpoints",
                           "for the data set, which is not built yet"}) {
    EXPECT_NE(o.out.find(text), std::string::npos) << text << "\n" << o.out;
  }
  EXPECT_FALSE(fs::exists(box / "runs"));
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(box / "cache/progan_cuda", none)) {
    EXPECT_TRUE(entry.path().filename().string().starts_with("speed-")) << entry.path();
  }
}

TEST(Plan, JsonAddsUp) {
  const Sandbox box;
  const auto plan = plan_of(box, "--measure " + kWide);
  EXPECT_TRUE(plan.at("fits").get<bool>());
  double seconds = 0.0;
  for (const auto& stage : plan.at("stages")) {
    const auto& m = stage.at("memory");
    int64_t sum = 0;
    for (const char* kind : {"parameters", "optimizer", "steps", "workspace", "pictures", "host"}) {
      sum += m.at(kind).get<int64_t>();
    }
    EXPECT_EQ(sum, m.at("total").get<int64_t>());
    EXPECT_GT(stage.at("images_per_second").get<double>(), 0.0);
    seconds += stage.at("seconds").get<double>();
  }
  EXPECT_NEAR(plan.at("seconds").get<double>(), seconds, 1e-9);
}

TEST(Plan, NeedsNoDataIfTheResolutionIsGiven) {
  const Sandbox box;
  EXPECT_EQ(box.run("plan --resolution 32 --preset gan-zoo").code, 0);
  const Outcome o = box.run("plan");
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("--resolution"), std::string::npos) << o.err;
}

// In a program without the CUDA backend one sentence says so.
TEST(Plan, PlansForAGpuThatIsNotHere) {
  const Sandbox box;
  const auto plan = [&](const std::string& options) {
    return box.run("plan --resolution 16 --preset official-tf " + options);
  };
  EXPECT_EQ(plan("--gpu rtx309").code, 2);
  EXPECT_NE(box.read("err.txt").find("unknown GPU 'rtx309': did you mean 'rtx3090'?"),
            std::string::npos)
      << box.read("err.txt");
  EXPECT_EQ(plan("--gpu h100 --device cpu").code, 2);
  EXPECT_EQ(plan("--gpu h100 --measure").code, 2);
  const Outcome o = plan("--gpu h100");
  if (o.code == 0) {
    EXPECT_NE(o.out.find("h100, which is not here: its speed is unknown"), std::string::npos);
    EXPECT_NE(o.out.find("85.9 GB are free"), std::string::npos) << o.out;
  } else {
    EXPECT_EQ(o.code, 1);
    EXPECT_NE(o.err.find("cannot plan for the GPU h100"), std::string::npos) << o.err;
  }
}

TEST(Plan, RejectsAStageThatCannotFitAsTrainDoes) {
  const Sandbox box;
  for (const std::string& command : {planned("--memory-limit 20KB"), tiny("--memory-limit 20KB")}) {
    const Outcome o = box.run(command);
    EXPECT_EQ(o.code, 1) << o.err;
    EXPECT_NE(o.err.find("8x8 needs"), std::string::npos) << o.err;
    EXPECT_NE(o.err.find("the limit is 20.0 KB"), std::string::npos) << o.err;
  }
  EXPECT_FALSE(fs::exists(box / "runs"));
  const Outcome o = box.run(tiny("--memory-limit much"));
  EXPECT_EQ(o.code, 2) << o.err;
}

// If everything fits, nothing is printed; otherwise one line, and the choice is in the
// configuration.
TEST(Train, SplitsMinibatchesThatDoNotFit) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny("--out whole")).code, 0);
  const std::string name = "/00000-builtin-shapes-64-official-tf-8/";
  EXPECT_EQ(box.read("whole" + name + "log.txt").find("at a time"), std::string::npos);
  EXPECT_NE(box.read("whole" + name + "config.toml").find("micro_batches = {}"), std::string::npos);
  const Outcome o = box.run(tiny("--out parts " + too_little(box)));
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_NE(box.read("parts" + name + "log.txt").find("of 32 images are computed at a time at 8x8"),
            std::string::npos);
  const std::string config = box.read("parts" + name + "config.toml");
  EXPECT_NE(config.find("micro_batches = {8 = "), std::string::npos) << config;
  EXPECT_NE(config.find("micro_batches_chosen = true"), std::string::npos);
}

// The parts follow from the memory limit at the start; resuming without a limit keeps them.
TEST(Train, ResumesWithThePartsItStartedWith) {
  const Sandbox box;
  const std::string limit = too_little(box);
  ASSERT_EQ(box.run(tiny(limit + " --out whole")).code, 0);
  ASSERT_EQ(box.run(tiny(limit + " --out parts --kimg 0.064")).code, 0);
  const Outcome o = box.run("train --resume --out parts --kimg 0.128");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.err.find("micro_batches was"), std::string::npos) << o.err;
  const std::string name = "/00000-builtin-shapes-64-official-tf-8";
  ASSERT_EQ(box.run("generate --from whole" + name + " --seeds 0-8 --out a.png").code, 0);
  ASSERT_EQ(box.run("generate --from parts" + name + " --seeds 0-8 --out b.png").code, 0);
  EXPECT_EQ(box.read("a.png"), box.read("b.png"));

  const Outcome again = box.run("train --resume --out parts --kimg 0.160 --memory-limit 1GB");
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.err.find("micro_batches was"), std::string::npos) << again.err;
}

}  // namespace
}  // namespace pg::test
