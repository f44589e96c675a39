// train_test.cpp: the commands train and generate.
#include <gtest/gtest.h>

#include "data/images/image.h"
#include "tests/apps/program.h"
#include "tests/data/formats/lmdb_writer.h"
#include "tests/data/formats/records.h"
#include "tests/data/support.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;
const std::string kRun = "runs/00000-builtin-shapes-64-official-tf-8";

std::string only_run(const Sandbox& box) {
  std::string found;
  for (const auto& entry : fs::directory_iterator(box / "runs")) found = entry.path().string();
  return found;
}

TEST(Train, WritesTheFilesOfARun) {
  const Sandbox box;
  const Outcome o = box.run(tiny());
  ASSERT_EQ(o.code, 0) << o.err;
  const fs::path run = only_run(box);
  for (const char* name : {"config.toml", "log.txt", "stats.jsonl", "reals.png", "fakes000000.png",
                           "checkpoint-000000.128.safetensors"}) {
    EXPECT_TRUE(fs::exists(run / name)) << name << "\n" << o.err;
  }
  const Image grid = decode_file(run / "reals.png");
  EXPECT_EQ(grid.width, 16);
  EXPECT_EQ(grid.height, 16);
  EXPECT_EQ(grid.channels, 3);
}

TEST(Train, RepeatsBitForBitAtAnyNumberOfThreads) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny("--out one --threads 1")).code, 0);
  ASSERT_EQ(box.run(tiny("--out two --threads 3")).code, 0);
  const std::string name = "00000-builtin-shapes-64-official-tf-8";
  for (const char* picture : {"/reals.png", "/fakes000000.png", "/fakes000000.128.png"}) {
    EXPECT_EQ(box.read("one/" + name + picture), box.read("two/" + name + picture)) << picture;
  }
  ASSERT_EQ(box.run("generate --from one/" + name + " --seeds 0-8 --out a.png").code, 0);
  ASSERT_EQ(box.run("generate --from two/" + name + " --seeds 0-8 --out b.png").code, 0);
  EXPECT_FALSE(box.read("a.png").empty());
  EXPECT_EQ(box.read("a.png"), box.read("b.png"));
}

TEST(Train, StoppedAndResumedRunEqualsAnUninterruptedOne) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny("--out whole")).code, 0);
  // Half the images, then the other half from the checkpoint.
  ASSERT_EQ(box.run(tiny("--out parts --kimg 0.064")).code, 0);
  const Outcome o = box.run("train --resume --out parts --kimg 0.128");
  ASSERT_EQ(o.code, 0) << o.err;
  const std::string name = "/00000-builtin-shapes-64-official-tf-8";
  ASSERT_EQ(box.run("generate --from whole" + name + " --seeds 0-8 --out a.png").code, 0);
  ASSERT_EQ(box.run("generate --from parts" + name + " --seeds 0-8 --out b.png").code, 0);
  EXPECT_EQ(box.read("a.png"), box.read("b.png"));
}

TEST(Train, ResumePrintsChangedSettingsAndTheirEffect) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny("--kimg 0.064")).code, 0);
  const Outcome o = box.run("train --resume --kimg 0.128 --threads 1");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_NE(
      o.err.find("schedule.total_kimg was 0.064 and is 0.128: changes only the end of the run"),
      std::string::npos)
      << o.err;
  EXPECT_NE(o.err.find("train.threads was 0 and is 1: same results"), std::string::npos);
}

TEST(Train, ReadsOfficialTfRecords) {
  const Sandbox box;
  std::string records;
  for (int i = 0; i < 16; ++i) {
    const std::vector<uint8_t> pixels(8 * 8 * 3, static_cast<uint8_t>(16 * i));
    records += testing::record(
        testing::example({.height = 8, .width = 8, .channels = 3, .pixels = pixels}));
  }
  box.write("set/set-r03.tfrecords", records);
  std::string command = tiny();
  command.replace(command.find("builtin:shapes:64"), 17, "set");
  const Outcome o = box.run(command);
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.err.find("16 images of 8x8, 3 channels, from set"), std::string::npos) << o.err;
  const Outcome built = box.run("dataset build set --out built");
  EXPECT_EQ(built.code, 0) << built.err;
}

TEST(Train, ReadsAnLmdbDatabase) {
  const Sandbox box;
  testing::LmdbEntries entries;
  for (uint64_t i = 0; i < 16; ++i) {
    testing::write_image(box / "p.png", testing::random_image(12, 8, 3, i));
    entries.emplace_back(message("key", i), testing::read_bytes(box / "p.png"));
  }
  entries.emplace_back("notes", std::vector<uint8_t>{'w', 'o', 'r', 'd', 's'});
  testing::write_lmdb(box / "set", entries);
  std::string command = tiny();
  command.replace(command.find("builtin:shapes:64"), 17, "set");
  const Outcome o = box.run(command);
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.err.find("16 images of 8x8, 3 channels, from set"), std::string::npos) << o.err;
  const Outcome built = box.run("dataset build set/data.mdb --out built --resolution 8");
  EXPECT_EQ(built.code, 0) << built.err;
  EXPECT_NE((built.out + built.err).find("notes"), std::string::npos) << built.out << built.err;
}

TEST(Train, SignalsWriteACheckpointThatResumes) {
  for (const std::string signal : {"INT", "TERM", "HUP"}) {
    const Sandbox box;
    const Outcome stopped =
        box.run(tiny("--kimg 1000"),
                "env --default-signal timeout --preserve-status -k 60 -s " + signal + " 2");
    EXPECT_EQ(stopped.code, 0) << signal << ": " << stopped.err;
    EXPECT_NE(stopped.err.find("stopped at"), std::string::npos) << stopped.err;
    const Outcome o = box.run("generate --from " + only_run(box) + " --seeds 1 --out one");
    EXPECT_EQ(o.code, 0) << o.err;
  }
}

// As timeout(1) sometimes does: the signal arrives twice, here during a long iteration.
TEST(Train, ASignalSentTwiceStillWritesACheckpoint) {
  for (const std::string signal : {"INT", "TERM"}) {
    const Sandbox box;
    box.write("twice.sh", "\"$@\" & child=$!\nsleep 2\nkill -" + signal +
                              " $child\nsleep 0.02\nkill -" + signal + " $child\nwait $child\n");
    const Outcome o =
        box.run(tiny("--kimg 1000 --set model.fmap_base=512 --set schedule.max_minibatch=64"),
                "env --default-signal bash ./twice.sh");
    EXPECT_EQ(o.code, 0) << signal << ": " << o.err;
    EXPECT_NE(o.err.find("stopped at"), std::string::npos) << o.err;
  }
}

TEST(Train, ContinuesIfSampleImagesCannotBeWritten) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny("--kimg 0.064")).code, 0);
  const fs::path picture = fs::path(only_run(box)) / "fakes000000.128.png";
  fs::create_directories(picture / "in the way");
  const Outcome o = box.run("train --resume --kimg 0.128");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.err.find("fakes000000.128.png"), std::string::npos) << o.err;
  EXPECT_NE(o.err.find("training continues"), std::string::npos) << o.err;
}

TEST(Generate, WritesSingleImagesAtAnyResolution) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const std::string from = "generate --from " + only_run(box);
  ASSERT_EQ(box.run(from + " --seeds 3,5-6 --out full").code, 0);
  EXPECT_EQ(decode_file(box / "full/seed000005.png").width, 8);
  ASSERT_EQ(box.run(from + " --seeds 3 --resolution 4 --out small").code, 0);
  EXPECT_EQ(decode_file(box / "small/seed000003.png").width, 4);
  ASSERT_EQ(box.run(from + " --seeds 0-5 --grid 2x3 --out grid.png").code, 0);
  EXPECT_EQ(decode_file(box / "grid.png").width, 24);
}

}  // namespace
}  // namespace pg::test
