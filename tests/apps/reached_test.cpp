// reached_test.cpp: commands use the networks as far as they were trained.
#include <gtest/gtest.h>

#include "model/run/checkpoint.h"
#include "model/run/reached.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

// A run with images and a checkpoint twice in each stage: 4x4 to 32 images, 8x8 fading to 64.
class ReachedCommand : public testing::Test {
 protected:
  void train(const std::string& more = "") {
    const Outcome o =
        box_.run(tiny("--set checkpoint.every_kimg=0.016 --set checkpoint.keep=0 "
                      "--set checkpoint.images_every_kimg=0.016 " +
                      more));
    ASSERT_EQ(o.code, 0) << o.err;
    for (const auto& entry : fs::directory_iterator(box_ / "runs")) run_ = entry.path();
  }

  std::string checkpoint(const std::string& kimg) const {
    return (run_ / ("checkpoint-" + kimg + ".safetensors")).string();
  }

  Sandbox box_;
  fs::path run_;
};

TEST_F(ReachedCommand, GenerateMakesTheImagesOfTheRunInEveryStage) {
  train();
  for (const char* kimg :
       {"000000.016", "000000.032", "000000.048", "000000.064", "000000.080", "000000.128"}) {
    const Outcome o =
        box_.run("generate --grid 2x2 --force --out grid.png --from " + checkpoint(kimg));
    EXPECT_EQ(o.code, 0) << o.err;
    const fs::path image = fs::relative(run_, box_.path()) / (std::string("fakes") + kimg + ".png");
    const std::string of_run = box_.read(image.string());
    EXPECT_FALSE(of_run.empty()) << image;
    EXPECT_TRUE(box_.read("grid.png") == of_run) << kimg;
  }
}

TEST_F(ReachedCommand, GenerateMakesTheImagesOfAConditionalRun) {
  train("--set model.conditioning=acgan");
  const Outcome o =
      box_.run("generate --grid 2x2 --out grid.png --from " + checkpoint("000000.048"));
  EXPECT_EQ(o.code, 0) << o.err;
  const fs::path image = fs::relative(run_, box_.path()) / "fakes000000.048.png";
  EXPECT_TRUE(box_.read("grid.png") == box_.read(image.string()));
}

TEST_F(ReachedCommand, LastCheckpointOfAStageMakesImagesOfThatStage) {
  train();
  const Outcome o = box_.run("generate --seeds 1 --out one.png --from " +
                             (run_ / "finished-4x4.safetensors").string());
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(box_.read("one.png").substr(16, 8), std::string("\0\0\0\x8\0\0\0\x8", 8));
  EXPECT_NE(o.err.find("this run has trained 4x4 of 8x8"), std::string::npos) << o.err;
}

TEST_F(ReachedCommand, MoreThanWasTrainedIsRejected) {
  train();
  const std::string from = " --from " + checkpoint("000000.016");
  const std::string reason =
      "--resolution: expected at most 4, since at 0.016 kimg the run has trained 4x4 of 8x8, got 8";
  for (const std::string command :
       {"generate --out g.png", "interpolate --out frames", "export --format onnx --out g.onnx"}) {
    const Outcome o = box_.run(command + from + " --resolution 8");
    EXPECT_NE(o.code, 0) << command;
    EXPECT_NE(o.err.find(reason), std::string::npos) << o.err;
  }
  EXPECT_FALSE(fs::exists(box_ / "g.png") || fs::exists(box_ / "frames") ||
               fs::exists(box_ / "g.onnx"));
  EXPECT_EQ(box_.run("generate --out g.png --resolution 4" + from).code, 0);
}

TEST_F(ReachedCommand, InfoTellsTheStage) {
  train("--set model.conditioning=acgan");
  const Outcome o = box_.run("info " + checkpoint("000000.048"));
  EXPECT_NE(o.out.find("trained     8x8 fading (weight 0.25) at 0.048 kimg of 0.128, in 0s\n"),
            std::string::npos)
      << o.out;
  EXPECT_NE(o.out.find("classes     "), std::string::npos) << o.out;
}

// An imported or copied checkpoint lies beside files of other programs.
TEST_F(ReachedCommand, InfoNeedsNoStatistics) {
  train();
  fs::copy_file(checkpoint("000000.048"), box_ / "a.safetensors");
  for (const std::string other : {"mkdir stats.jsonl", "rmdir stats.jsonl; mkfifo stats.jsonl",
                                  "rm stats.jsonl; echo '{\"kimg\": \"1\"}' >stats.jsonl"}) {
    ASSERT_EQ(std::system(("cd '" + box_.path().string() + "'; " + other).c_str()), 0);
    const Outcome o = box_.run("info a.safetensors", "timeout 20");
    EXPECT_EQ(o.code, 0) << other << "\n" << o.err;
    EXPECT_NE(o.out.find("at 0.048 kimg of 0.128\n"), std::string::npos) << o.out;
  }
}

}  // namespace
}  // namespace pg::test
