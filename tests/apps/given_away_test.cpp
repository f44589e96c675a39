// given_away_test.cpp: files that are given away contain no folder of the user's machine.
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

class GivenAway : public ::testing::Test {
 protected:
  // A folder of images with a broken one, in SECRET/PATH, and a run that uses paths everywhere.
  void SetUp() override {
    ASSERT_EQ(box_.run(tiny("--out first")).code, 0);
    const fs::path first = fs::directory_iterator(box_ / "first")->path();
    fs::create_directories(box_ / "SECRET/PATH/pics/a");
    for (const char* name : {"1.png", "2.png"}) {
      fs::copy_file(first / "reals.png", box_ / "SECRET/PATH/pics/a" / name);
    }
    box_.write("SECRET/PATH/pics/a/broken.png", "not an image");
    const Outcome o =
        box_.run(tiny("--data '" + (box_ / "SECRET/PATH/pics").string() +
                      "' --out SECRET/runs --set data.cache_folder=SECRET/cache --set "
                      "train.name=SECRET/name"));
    ASSERT_EQ(o.code, 0) << o.err;
    run_ = fs::directory_iterator(box_ / "SECRET/runs")->path().string();
  }

  void expect_secret_in(const std::string& file, bool expected) const {
    const std::string bytes = box_.read(file);
    ASSERT_FALSE(bytes.empty()) << file;
    EXPECT_EQ(bytes.find("SECRET") != std::string::npos, expected) << file;
    // A path of the folder of this test would also be one of the machine.
    EXPECT_EQ(bytes.find(box_.path().string()) != std::string::npos, expected) << file;
  }

  Sandbox box_;
  std::string run_;
};

TEST_F(GivenAway, ExportsHoldNoPath) {
  const std::string from = "export --from '" + run_ + "' --out ";
  for (const char* how : {"net.safetensors --format safetensors", "net.onnx --format onnx",
                          "official.safetensors --format safetensors --layout official-tf"}) {
    const std::string file = std::string(how).substr(0, std::string(how).find(' '));
    ASSERT_EQ(box_.run(from + how).code, 0) << how << box_.read("err.txt");
    expect_secret_in(file, false);
  }
  ASSERT_EQ(box_.run(from + "kept.safetensors --format safetensors --keep-paths").code, 0);
  expect_secret_in("kept.safetensors", true);
  ASSERT_EQ(box_.run(from + "kept.onnx --format onnx --keep-paths").code, 0);
  expect_secret_in("kept.onnx", true);
}

TEST_F(GivenAway, ExportsForTorchHoldNoPath) {
  ASSERT_EQ(box_.run("train --preset akanimax --resolution 8 --set model.fmap_base=32 --set "
                     "model.fmap_max=8 --set model.latent_size=8 --set schedule.unit=kimg --set "
                     "schedule.lod_training_kimg=0.032 --set schedule.lod_transition_kimg=0.032 "
                     "--set schedule.max_minibatch=8 --kimg 0.1 --out SECRET/torch --data "
                     "SECRET/PATH/pics")
                .code,
            0)
      << box_.read("err.txt");
  const Outcome o = box_.run("export --from SECRET/torch/0* --format pth --out net.pth");
  ASSERT_EQ(o.code, 0) << o.err;
  expect_secret_in("net.pth", false);
}

TEST_F(GivenAway, ImportsHoldNoPath) {
  ASSERT_EQ(box_.run("export --from '" + run_ +
                     "' --out SECRET/g.safetensors --format safetensors --layout official-tf")
                .code,
            0)
      << box_.read("err.txt");
  const Outcome o = box_.run("import '" + (box_ / "SECRET/g.safetensors").string() + "' --out '" +
                             (box_ / "SECRET/in.safetensors").string() + "'");
  ASSERT_EQ(o.code, 0) << o.err;
  expect_secret_in("SECRET/in.safetensors", false);
}

TEST_F(GivenAway, CheckpointsOfARunKeepTheirPaths) {
  expect_secret_in(fs::relative(run_, box_.path()).string() + "/checkpoint-000000.128.safetensors",
                   true);
  EXPECT_EQ(box_.run("train --resume '" + run_ + "' --kimg 0.2").code, 0) << box_.read("err.txt");
}

TEST_F(GivenAway, DataSetsNameFilesRelativeToTheirSource) {
  const std::string source = (box_ / "SECRET/PATH/pics").string();
  for (const std::string& where : {source, source + "/", std::string("SECRET/PATH/pics"),
                                   std::string("./SECRET/PATH/../PATH/pics//")}) {
    ASSERT_EQ(box_.run("dataset build '" + where + "' --resolution 4 --overwrite --out set").code,
              0)
        << box_.read("err.txt");
    expect_secret_in("set/dataset.json", false);
    const std::string json = box_.read("set/dataset.json");
    EXPECT_NE(json.find("\"source\": \"pics\""), std::string::npos) << json;
    EXPECT_NE(json.find("\"file\": \"a/broken.png\""), std::string::npos) << json;
    EXPECT_NE(json.find("\"reason\": \"a/broken.png is not"), std::string::npos) << json;
  }
  ASSERT_EQ(box_.run("dataset build '" + source + "' --resolution 4 --out kept --keep-paths").code,
            0);
  expect_secret_in("kept/dataset.json", true);
}

TEST_F(GivenAway, CachedDataSetsHoldNoPathEither) {
  for (const auto& entry : fs::directory_iterator(box_ / "SECRET/cache")) {
    if (!entry.is_directory()) continue;
    expect_secret_in("SECRET/cache/" + entry.path().filename().string() + "/dataset.json", false);
  }
}

TEST_F(GivenAway, ImagesHoldNoPath) {
  ASSERT_EQ(box_.run("generate --seeds 0-3 --from '" + run_ +
                     "' --out SECRET/a.npy --latents "
                     "SECRET/z.npy")
                .code,
            0);
  expect_secret_in("SECRET/a.npy", false);
  expect_secret_in("SECRET/z.npy", false);
  expect_secret_in(fs::relative(run_, box_.path()).string() + "/reals.png", false);
}

}  // namespace
}  // namespace pg::test
