// generate_test.cpp: formats of generated images, and what an interruption leaves of each.
#include <gtest/gtest.h>

#include "data/formats/own_file.h"
#include "data/images/image.h"
#include "data/sources/source.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

// One short run with classes for all tests.
class GenerateOutput : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    box_ = new Sandbox;
    const Outcome o = box_->run(tiny("--set model.conditioning=acgan"));
    ASSERT_EQ(o.code, 0) << o.err;
  }
  static void TearDownTestSuite() { delete box_; }

  void SetUp() override { fs::remove_all(*box_ / "out"); }

  static Sandbox& box() { return *box_; }
  static Outcome generate(const std::string& more) {
    return box().run("generate --from 0 " + more);
  }

  // Sends SIGTERM once `condition` holds in the shell.
  static Outcome interrupted(const std::string& options, const std::string& condition) {
    box().write("stop.sh", "\"$@\" & pid=$!\nuntil " + condition +
                               "; do sleep 0.02; kill -0 $pid || break; done 2>/dev/null\n"
                               "kill -TERM $pid; wait $pid\n");
    return box().run("generate --from 0 " + options, "sh stop.sh");
  }

  static inline Sandbox* box_ = nullptr;
};

TEST_F(GenerateOutput, ArchiveHoldsTheFilesOfAFolder) {
  ASSERT_EQ(generate("--seeds 0-36 --out out/all.zip").code, 0);
  ASSERT_EQ(generate("--seeds 0-36 --out out/all --batch 5").code, 0);
  const auto zip = open_source(box() / "out/all.zip"), folder = open_source(box() / "out/all");
  ASSERT_EQ(zip->count(), 37);
  ASSERT_EQ(folder->count(), 37);
  EXPECT_GT(zip->label_names().size(), 1u);
  for (int i = 0; i < 37; ++i) {
    EXPECT_EQ(zip->load(i).pixels, folder->load(i).pixels);
    EXPECT_EQ(zip->label(i), i % static_cast<int>(zip->label_names().size()));  // in turn
  }
}

TEST_F(GenerateOutput, FormatsOfFilesInAFolder) {
  for (const char* format : {"png", "jpg", "webp"}) {
    const std::string folder = std::string("out/") + format;
    const Outcome o = generate("--seeds 0-2 --out " + folder + " --format " + format);
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.out, "3 images in " + folder + "\n");
    EXPECT_TRUE(is_own_image(box() / (folder + "/seed000002." + format)));
    EXPECT_EQ(generate("--seeds 0-3 --grid 2x2 --out " + folder + " --format " + format).code, 0);
    EXPECT_EQ(decode_file(box() / (folder + "/grid." + format)).width, 16);
  }
  EXPECT_EQ(decode_file(box() / "out/webp/seed000001.webp").pixels,
            decode_file(box() / "out/png/seed000001.png").pixels);
}

TEST_F(GenerateOutput, OptionsThatContradictTheEndingAreNamed) {
  const auto expect_usage = [](const std::string& options, const std::string& part) {
    const Outcome o = generate("--seeds 0-3 " + options);
    EXPECT_EQ(o.code, 2) << options;
    EXPECT_HAS(o.err, part);
  };
  expect_usage("--out out/a.png --format jpg", "which is a PNG file; drop --format");
  expect_usage("--out out/a.npy --format jpg", "holds numbers, not images; drop --format");
  expect_usage("--out out --format jpge", "unknown format 'jpge': did you mean 'jpg'?");
  expect_usage("--out out --format gif", "unknown format 'gif': expected png, jpg or webp");
  expect_usage("--out out --quality 80", "--quality 80: expected images in jpg or webp, got png");
  expect_usage("--out out/a.zip --grid 2x2", "--grid needs an image file, but out/a.zip is an ");
  EXPECT_FALSE(fs::exists(box() / "out"));
  // Before the network is loaded.
  const Outcome o = box().run("generate --from nowhere --out pic.gif");
  EXPECT_EQ(o.code, 2);
  EXPECT_HAS(o.err, "--out pic.gif: ");
}

TEST_F(GenerateOutput, QualityChangesTheSize) {
  ASSERT_EQ(generate("--seeds 0-15 --out out/fine.jpg").code, 0);
  ASSERT_EQ(generate("--seeds 0-15 --out out/coarse.jpg --quality 10").code, 0);
  EXPECT_LT(box().read("out/coarse.jpg").size(), box().read("out/fine.jpg").size());
}

TEST_F(GenerateOutput, AnInterruptionLeavesNoArchiveAndNoArray) {
  for (const char* name : {"out/all.zip", "out/all.npy"}) {
    const Outcome o = interrupted(std::string("--seeds 0-999999 --out ") + name,
                                  "ls -A out/.progan_cuda-*/content");
    EXPECT_EQ(o.code, 1);
    EXPECT_HAS(o.err, "stopped after ");
    EXPECT_HAS(o.err, " of 1000000 images; nothing was written");
    EXPECT_FALSE(fs::exists(box() / "out")) << name;
  }
}

TEST_F(GenerateOutput, AnInterruptionKeepsWholeImages) {
  const Outcome o =
      interrupted("--seeds 0-999999 --batch 1 --out out --format jpg", "ls out/*.jpg");
  EXPECT_EQ(o.code, 1);
  int64_t count = 0;
  for (const auto& entry : fs::directory_iterator(box() / "out")) {
    EXPECT_EQ(decode_file(entry.path()).width, 8);
    ++count;
  }
  EXPECT_GT(count, 0);
  EXPECT_HAS(o.err, std::to_string(count) + " images are in out");
}

// A limit on the size of files acts like a full disk.
TEST_F(GenerateOutput, AFullDiskLeavesNothingHalfWritten) {
  for (const char* name : {"out/all.zip", "out/all.npy"}) {
    const Outcome o = box().run(std::string("generate --from 0 --seeds 0-99999 --out ") + name,
                                "ulimit -f 3000;");
    EXPECT_EQ(o.code, 1);
    EXPECT_HAS(o.err, "cannot write ");
    EXPECT_FALSE(fs::exists(box() / "out")) << name;
  }
}

TEST_F(GenerateOutput, AFileWhereAFolderBelongsIsOneSentence) {
  box().write("out/file", "a letter");
  const Outcome o = generate("--seeds 0 --out out/file");
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err,
            "progan_cuda: --out out/file: expected a folder, got a file; choose another name\n");
  EXPECT_EQ(generate("--seeds 0 --out out/file/below").code, 1);
  EXPECT_EQ(box().read("out/file"), "a letter");
}

}  // namespace
}  // namespace pg::test
