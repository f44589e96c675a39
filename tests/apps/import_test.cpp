// import_test.cpp: the command import.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/apps/program.h"
#include "tests/paths.h"

namespace pg::test {
namespace {

class ImportCommand : public testing::Test {
 protected:
  // Files of some layouts at 16x16, written by Python.
  void SetUp() override {
    if (std::system("/usr/bin/python3 -c 'import numpy, torch' 2>/dev/null") != 0) {
      GTEST_SKIP() << "needs /usr/bin/python3 with torch and numpy";
    }
    const std::string command = "/usr/bin/python3 " + test_files() +
                                "formats/make_layout_files.py --resolution 16 --shrink 32"
                                " --formats official-tf gan-zoo-zip tutorial --out ";
    ASSERT_EQ(std::system((command + (box_ / "").string()).c_str()), 0);
  }

  // One sentence, exit 1, and nothing written.
  void expect_rejected(const std::string& arguments, const std::string& reason) {
    const Outcome o = box_.run("import " + arguments + " --out out.safetensors");
    EXPECT_EQ(o.code, 1) << arguments;
    EXPECT_NE(o.err.find(reason), std::string::npos) << o.err;
    EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
    EXPECT_FALSE(std::filesystem::exists(box_ / "out.safetensors"));
  }

  Sandbox box_;
};

TEST_F(ImportCommand, PrintsItsContentsAndTheResultGenerates) {
  const Outcome o = box_.run("import official-tf/network-final.pkl --out a.safetensors");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out,
            "a.safetensors: G, Gs, D of official TensorFlow, 16x16, 3 channels, preset "
            "official-tf\n");
  const Outcome images = box_.run("generate --from a.safetensors --seeds 0-3 --out a.png");
  EXPECT_EQ(images.code, 0) << images.err;
  EXPECT_GT(box_.read("a.png").size(), 100u);
}

TEST_F(ImportCommand, TrainingResumesInANewRunFolder) {
  ASSERT_EQ(box_.run("import official-tf/network-final.pkl --out a.safetensors").code, 0);
  const Outcome o = box_.run(
      "train --resume a.safetensors --data builtin:shapes:16 --kimg 2400.016"
      " --set schedule.minibatch={} --set schedule.tick_kimg={} --set "
      "schedule.tick_kimg_base=0.008");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_FALSE(std::filesystem::exists(box_ / "log.txt"));
  const std::filesystem::path run = box_ / "runs/00000-builtin-shapes-16-official-tf-16";
  EXPECT_TRUE(std::filesystem::exists(run / "checkpoint-002400.016.safetensors")) << o.err;
  EXPECT_NE(
      box_.read("runs/00000-builtin-shapes-16-official-tf-16/stats.jsonl").find("16x16 stable"),
      std::string::npos);
}

// 4x4 to 8x8 and 8x8 to 16x16 are the fades: at lod 0.75, a quarter of the second one is over.
TEST_F(ImportCommand, NetworksThatStillGrowAreUsedAsFarAsTheyAre) {
  const std::string command =
      "PG_LOD=0.75 /usr/bin/python3 " + test_files() +
      "formats/make_layout_files.py --resolution 16 --shrink 32 --formats official-tf --out ";
  ASSERT_EQ(std::system((command + (box_ / "grows").string()).c_str()), 0);
  const Outcome o = box_.run("import grows/official-tf/network-final.pkl --out a.safetensors");
  EXPECT_NE(o.out.find("these networks were trained up to 16x16 fading (weight 0.25)\n"),
            std::string::npos)
      << o.out;
  EXPECT_NE(box_.run("info a.safetensors").out.find("trained     16x16 fading (weight 0.25)"),
            std::string::npos);
  ASSERT_EQ(box_.run("import official-tf/network-final.pkl --out b.safetensors").code, 0);
  for (const std::string name : {"a", "b"}) {
    ASSERT_EQ(
        box_.run("generate --seeds 0-3 --from " + name + ".safetensors --out " + name + ".npy")
            .code,
        0);
  }
  EXPECT_EQ(box_.read("a.npy").size(), box_.read("b.npy").size());
  EXPECT_NE(box_.read("a.npy"), box_.read("b.npy"));
}

TEST_F(ImportCommand, FilesOfOneTrainingMakeOneCheckpoint) {
  const Outcome o =
      box_.run("import tutorial/generator.pth tutorial/critic.pth --out a.safetensors");
  EXPECT_EQ(o.out, "a.safetensors: G, D of tutorial, 16x16, 3 channels, preset tutorial\n");
  const Outcome alone = box_.run("import tutorial/generator.pth --out b.safetensors");
  EXPECT_EQ(alone.out, "b.safetensors: G of tutorial, 16x16, 3 channels, preset tutorial\n");
  expect_rejected("tutorial/critic.pth", "give the file of the generator too");
  expect_rejected("tutorial/generator.pth gan-zoo-zip/pgan.pt",
                  "give the files of one training run");
}

TEST_F(ImportCommand, RejectsFilesThatAreNotKnownNetworks) {
  expect_rejected("none.pkl", "No such file");
  box_.write("words.pkl", "a text that is not a pickle\n");
  expect_rejected("words.pkl", "neither a file of torch.save nor a pickle nor safetensors");
  // Python would run a command when loading this.
  box_.write("evil.pkl", "cos\nsystem\n(S'touch evil'\ntR.");
  expect_rejected("evil.pkl", "os.system");
  EXPECT_FALSE(std::filesystem::exists(box_ / "evil"));
  expect_rejected("official-tf/reference.safetensors", "unknown layout of weights");
}

TEST_F(ImportCommand, TruncationAtEveryPercentIsOneSentence) {
  for (const char* file : {"official-tf/network-final.pkl", "gan-zoo-zip/pgan.pt"}) {
    const std::string whole = box_.read(file);
    ASSERT_GT(whole.size(), 1000u);
    for (size_t i = 0; i < 100; ++i) {
      box_.write("cut", whole.substr(0, whole.size() * i / 100));
      const Outcome o = box_.run("import cut --out out.safetensors");
      ASSERT_EQ(o.code, 1) << i << "% of " << file << ": " << o.err;
      ASSERT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
    }
  }
}

}  // namespace
}  // namespace pg::test
