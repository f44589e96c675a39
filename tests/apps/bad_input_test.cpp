// bad_input_test.cpp: every mistake of a user ends with one sentence and a non-zero exit code.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

// One line on standard error, except notes before it, that contains all words, and no sign of a
// crash.
void expect_error(const Outcome& o, int code, const std::vector<std::string>& words) {
  std::string line = o.err;
  while (line.starts_with("note: ")) line.erase(0, line.find('\n') + 1);
  EXPECT_EQ(o.code, code) << o.err;
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << o.err;
  EXPECT_TRUE(line.starts_with("progan_cuda: ")) << o.err;
  for (const std::string& word : words) {
    EXPECT_NE(o.err.find(word), std::string::npos) << "no '" << word << "' in: " << o.err;
  }
}

TEST(BadInput, NoArgumentsPrintsHelp) {
  const Outcome o = Sandbox().run("");
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("train"), std::string::npos);
}

TEST(BadInput, UnknownCommandAndOption) {
  const Sandbox box;
  expect_error(box.run("trian"), 2, {"unknown command 'trian': did you mean 'train'?"});
  expect_error(box.run("xyz"), 2, {"expected train, plan, generate, "});
  expect_error(box.run("train --dta x"), 2, {"--dta"});
}

TEST(BadInput, MissingData) {
  const Sandbox box;
  expect_error(box.run("train"), 2, {"--data"});
  expect_error(box.run("train --data nowhere"), 1, {"nowhere"});
}

TEST(BadInput, EmptyFolder) {
  const Sandbox box;
  fs::create_directory(box / "empty");
  const Outcome o = box.run("train --data empty --resolution 8");
  EXPECT_NE(o.code, 0);
  EXPECT_NE(o.err.find("empty"), std::string::npos) << o.err;
}

TEST(BadInput, TextNamedJpg) {
  const Sandbox box;
  box.write("pics/a.jpg", "not an image");
  const Outcome o = box.run("train --data pics --resolution 8");
  EXPECT_EQ(o.code, 1) << o.err;
}

TEST(BadInput, TruncatedPngIsSkippedAndNamed) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  std::string run;
  for (const auto& entry : fs::directory_iterator(box / "runs")) run = entry.path().filename();
  const std::string png = box.read("runs/" + run + "/reals.png");
  box.write("pics/good.png", png);
  box.write("pics/cut.png", png.substr(0, png.size() / 2));
  const Outcome o = box.run("dataset build pics --out set --resolution 8");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.err.find("cut.png"), std::string::npos) << o.err;
  expect_error(box.run("dataset build pics --out set2 --resolution 8 --strict"), 1, {"cut.png"});
}

TEST(BadInput, WrongResolution) {
  const Sandbox box;
  expect_error(box.run(tiny("--resolution 12")), 2, {"12"});
  expect_error(box.run(tiny("--resolution 2048")), 2, {"2048"});
}

TEST(BadInput, UnknownKeySuggestsTheNearest) {
  const Sandbox box;
  expect_error(box.run(tiny("--set schedule.lod_trainig_kimg=3")), 2,
               {"schedule.lod_trainig_kimg", "schedule.lod_training_kimg"});
  box.write("c.toml", "[model]\nfmap_bse = 3\n");
  expect_error(box.run(tiny("--config c.toml")), 2, {"model.fmap_bse", "model.fmap_base"});
}

TEST(BadInput, BrokenToml) {
  const Sandbox box;
  box.write("c.toml", "[model\n");
  expect_error(box.run(tiny("--config c.toml")), 1, {"c.toml:1"});
  expect_error(box.run(tiny("--config absent.toml")), 1, {"absent.toml"});
}

TEST(BadInput, ReadOnlyOutput) {
  if (geteuid() == 0) {
    // Root may write anywhere, except where a file is in the way.
    const Sandbox box;
    box.write("runs", "a file");
    box.run(tiny());  // builds the data set, which it says
    expect_error(box.run(tiny()), 1, {"runs"});
    return;
  }
  const Sandbox box;
  fs::create_directory(box / "runs");
  fs::permissions(box / "runs", fs::perms::owner_read | fs::perms::owner_exec);
  box.run(tiny());
  expect_error(box.run(tiny()), 1, {"runs"});
}

TEST(BadInput, UnreadableCacheIsNamed) {
  const Sandbox box;
  box.write("cache", "a file");
  expect_error(box.run(tiny()), 1, {"data.cache_folder"});
}

TEST(BadInput, CorruptCheckpoint) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  std::string run;
  for (const auto& entry : fs::directory_iterator(box / "runs")) run = entry.path().filename();
  const std::string name = "runs/" + run + "/checkpoint-000000.128.safetensors";
  const std::string good = box.read(name);
  ASSERT_FALSE(good.empty());
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  box.write(name, flipped);
  expect_error(box.run("generate --from " + name), 1, {"checkpoint-000000"});
  box.write(name, "");
  expect_error(box.run("generate --from " + name), 1, {"checkpoint-000000"});
  // A run resumes from its newest intact checkpoint; skipped ones are named.
  box.write(name, good.substr(0, good.size() - 100));
  const Outcome o = box.run("train --resume --out runs");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.err.find("skipped: 'runs/" + run + "/checkpoint-000000"), std::string::npos);
  EXPECT_NE(o.err.find("resumed from runs/" + run + "/finished-4x4"), std::string::npos) << o.err;
  EXPECT_EQ(box.read(name), good);
}

TEST(BadInput, GenerateWithWrongOptions) {
  const Sandbox box;
  expect_error(box.run("generate --from nowhere"), 2, {"nowhere"});
  ASSERT_EQ(box.run(tiny()).code, 0);
  std::string run;
  for (const auto& entry : fs::directory_iterator(box / "runs")) run = entry.path().string();
  expect_error(box.run("generate --from " + run + " --resolution 16"), 2, {"16"});
  expect_error(box.run("generate --from " + run + " --seeds 5-x"), 2, {"5-x"});
  expect_error(box.run("generate --from " + run + " --seeds 0-3 --grid 3x3"), 2, {"3x3"});
  expect_error(box.run("generate --from " + run + " --seeds 0-3 --grid 2"), 2,
               {"--grid: expected ROWSxCOLUMNS, such as 8x8, each at most 9999, got '2'"});
  box.write("file", "in the way");
  expect_error(box.run("generate --from " + run + " --out file/images"), 1,
               {"cannot use 'file/images'", "check the path"});
}

TEST(BadInput, ResumeWithoutARun) {
  const Sandbox box;
  const Outcome o = box.run("train --resume");
  EXPECT_EQ(o.code, 2) << o.err;
}

TEST(BadInput, MissingGpuAndUnknownDevice) {
  const Sandbox box;
  expect_error(box.run(tiny("--device cuda:63")), 1, {"no GPU"});
  expect_error(box.run(tiny("--device gpu")), 2,
               {"unknown device 'gpu': expected auto, cpu, cuda or cuda:I; did you mean cuda?"});
}

}  // namespace
}  // namespace pg::test
