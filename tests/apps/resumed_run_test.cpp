// resumed_run_test.cpp: train --resume at a higher resolution, of a finished run, with other keys,
// and in another folder; starts that are rejected.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "data/images/image.h"
#include "data/images/png.h"
#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

const std::string kRun = "runs/00000-builtin-shapes-64-official-tf-8";
const std::string kGrown = "runs/00001-builtin-shapes-64-official-tf-16";

// Contents of all files below a folder.
std::map<std::string, std::string> files_in(const Sandbox& box, const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(box / folder)) {
    const std::string name = fs::relative(entry.path(), box.path());
    files[name] = entry.is_regular_file() ? box.read(name) : "";
  }
  return files;
}

void expect_rejected(const Outcome& o, int code, const std::string& words) {
  EXPECT_EQ(o.code, code) << o.err;
  EXPECT_HAS(o.err, words);
  EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
}

TEST(Growing, FinishedRunGrowsAsANewRun) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const auto before = files_in(box, kRun);
  const Outcome o = box.run("train --resume " + kRun + "/ --resolution 16");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_HAS(o.err, "grows from 8x8 to 16x16 as a new run, from " + kRun);
  EXPECT_EQ(o.err.find("changed since the checkpoint"), std::string::npos) << o.err;
  EXPECT_HAS(o.err, "new run: 16x16, at most");
  EXPECT_HAS(o.err, "64 more images");
  EXPECT_LT(o.err.find("16x16              63"), o.err.find("run folder")) << o.err;
  EXPECT_EQ(o.err.find("\n8x8  "), std::string::npos) << o.err;
  EXPECT_HAS(o.err, "16x16 fades in from 0.129 kimg, and the run ends at 0.192 kimg");
  EXPECT_TRUE(files_in(box, kRun) == before);
  EXPECT_HAS(box.run("info " + kGrown).out, "trained     16x16 at 0.192 kimg of 0.192");
  EXPECT_TRUE(fs::exists(box / (kGrown + "/finished-8x8.safetensors")));
  EXPECT_TRUE(fs::exists(box / (kGrown + "/reals.png")));
  // It starts with the images of the run before, at the size of the new one.
  const Image was = decode_file(box / (kRun + "/fakes000000.128.png"));
  const Image is = decode_file(box / (kGrown + "/fakes000000.128.png"));
  ASSERT_EQ(is.width, 2 * was.width);
  for (int64_t y = 0; y < is.height; ++y) {
    for (int64_t k = 0; k < 3 * is.width; ++k) {
      const int64_t of_was = (y / 2 * was.width + k / 6) * 3 + k % 3;
      ASSERT_EQ(is.pixels[static_cast<size_t>(y * is.width * 3 + k)],
                was.pixels[static_cast<size_t>(of_was)]);
    }
  }
}

TEST(Growing, TimeTrainedIncludesTheRunBefore) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  std::ofstream(box / (kRun + "/stats.jsonl"), std::ios::app)
      << R"({"kimg":0.128,"timing":{"seconds":3600}})"
         "\n"
      << R"({"kimg":0.256,"timing":{"seconds":7200}})"
         "\n";  // of later training, since undone
  ASSERT_EQ(box.run("train --resume " + kRun + " --resolution 16").code, 0);
  EXPECT_HAS(box.run("info " + kGrown).out, "kimg of 0.192, in 1h 00m");
  EXPECT_HAS(box.run("runs").out, "1h 00m");
}

TEST(Growing, TwiceAndByTwoResolutions) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny("--resolution 4 --kimg 0.04")).code, 0);
  const Outcome once = box.run("train --resume --resolution 16");
  ASSERT_EQ(once.code, 0) << once.err;
  const Outcome twice = box.run("train --resume --resolution 32");
  ASSERT_EQ(twice.code, 0) << twice.err;
  EXPECT_HAS(box.run("info 2").out, "trained     32x32 at ");
  const Outcome ended = box.run("train --resume 0 --resolution 8 --kimg 0.064");
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_HAS(box.run("info 3").out, "trained     8x8 fading (weight 0.50) at 0.064 kimg of 0.064");
}

TEST(Growing, UnfinishedRunGrowsAndContinuesInItsStage) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny("--kimg 0.048")).code, 0);
  const Outcome o = box.run("train --resume --resolution 16");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_HAS(o.err, "16x16 fades in from 0.097 kimg, and the run ends at 0.16 kimg");
  EXPECT_HAS(box.run("info 1").out, "trained     16x16 at 0.16 kimg of 0.16");
}

TEST(Growing, CheckpointInNoRunFolderGrows) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  fs::create_directory(box / "elsewhere");
  fs::copy_file(box / (kRun + "/checkpoint-000000.128.safetensors"),
                box / "elsewhere/a.safetensors");
  const Outcome o = box.run("train --resume elsewhere/a.safetensors --resolution 16 --out new");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_TRUE(fs::exists(box / "new/00000-builtin-shapes-64-official-tf-16/config.toml"));
  EXPECT_EQ(files_in(box, "elsewhere").size(), 1u);
}

TEST(Growing, ImportedNetworkFadesInAtOnce) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  ASSERT_EQ(
      box.run("export --from 0 --format safetensors --layout official-tf --out a.safetensors").code,
      0);
  ASSERT_EQ(box.run("import a.safetensors --out b.safetensors").code, 0);
  const Outcome o = box.run(
      "train --resume b.safetensors --data builtin:shapes:64 --resolution 16 --kimg 1800.032 --set "
      "schedule.max_minibatch=8 --set train.image_grid=2x2 --out new");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_HAS(o.err, "16x16 fades in from 1800 kimg");
  EXPECT_HAS(o.err, "16x16 fading from 1800.0 kimg");
  EXPECT_EQ(o.err.find("8x8 stable from"), std::string::npos) << o.err;
}

TEST(ResumedRun, FinishedRunSaysHowAndWritesNothing) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const auto before = files_in(box, "runs");
  for (const std::string& from :
       {std::string(), kRun, kRun + "/checkpoint-000000.128.safetensors"}) {
    const Outcome o = box.run("train --resume " + from);
    expect_rejected(o, 0, "nothing is left to train: '");
    EXPECT_HAS(o.err,
               "has shown all its 0.128 kimg; to train longer: --kimg N with N above 0.128; "
               "to grow it to 16x16: --resolution 16");
  }
  EXPECT_TRUE(files_in(box, "runs") == before);
  EXPECT_EQ(box.run("train --resume --kimg 0.16").code, 0);
  ASSERT_EQ(box.run(tiny("--set schedule.unit=iterations --set schedule.stage_length=4 --set "
                         "schedule.fade_length=2"))
                .code,
            0);
  expect_rejected(box.run("train --resume"), 0,
                  "--set schedule.stage_lengths.8=N with more iterations");
  EXPECT_EQ(box.run("train --resume --set schedule.stage_lengths.8=6").code, 0);
}

TEST(ResumedRun, KeysThatCannotChangeAreNamedBeforeAnythingIsWritten) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const auto before = files_in(box, "runs");
  const auto cache = files_in(box, "cache");
  const std::string resume = "train --resume --kimg 1 --data builtin:shapes:32 ";
  expect_rejected(box.run(resume + "--set model.fmap_max=2 --set model.channels=1"), 2,
                  "model.channels was 3 and is 1, model.fmap_max was 512 and is 2: the weights of "
                  "the checkpoint do not fit");
  expect_rejected(box.run(resume + "--set model.conditioning=acgan"), 2,
                  "model.conditioning was \"none\" and is \"acgan\"");
  expect_rejected(box.run(resume + "--resolution 4"), 2, "can grow, but not shrink");
  EXPECT_TRUE(files_in(box, "runs") == before);
  EXPECT_TRUE(files_in(box, "cache") == cache);
  EXPECT_EQ(box.run("train --resume --kimg 0.136 --set model.channels=0").code, 0);
}

// `tiny` on images in a folder, which is made.
std::string on_pictures(const Sandbox& box, const std::string& folder) {
  fs::create_directories(box / folder);
  for (int k = 0; k < 8; ++k) {
    Image image{8, 8, 3, std::vector<uint8_t>(192)};
    for (size_t i = 0; i < 192; ++i)
      image.pixels[i] = static_cast<uint8_t>(i * i + i * static_cast<size_t>(k) * 31);
    write_png(box / (folder + "/" + std::to_string(k) + ".png"), image);
  }
  std::string command = tiny();
  const std::string from = "builtin:shapes:64";
  return command.replace(command.find(from), from.size(), folder);
}

TEST(ResumedRun, ImagesAreFoundFromAnotherFolder) {
  const Sandbox box;
  ASSERT_EQ(box.run(on_pictures(box, "here/pics")).code, 0);
  const std::string run = (box / "runs/00000-pics-official-tf-8").string();
  fs::create_directory(box / "other");
  const Outcome again = box.run("train --config " + run + "/config.toml", "env -C other");
  EXPECT_EQ(again.code, 0) << again.err;
  const auto resume = [&](const std::string& folder, const std::string& kimg) {
    return box.run("train --kimg " + kimg + " --resume " + folder, "env -C other");
  };
  const Outcome recorded = resume(run, "0.144");
  EXPECT_EQ(recorded.code, 0) << recorded.err;
  EXPECT_EQ(recorded.err.find("data."), std::string::npos) << recorded.err;
  // A checkpoint in no run folder shows no place beside it.
  fs::copy_file(box / "runs/00000-pics-official-tf-8/checkpoint-000000.144.safetensors",
                box / "other/a.safetensors");
  const Outcome copied = resume("a.safetensors", "0.152");
  EXPECT_EQ(copied.code, 0) << copied.err;
  // The project was moved: images are beside the runs, as they were.
  fs::create_directory(box / "project");
  fs::rename(box / "runs", box / "project/runs");
  fs::rename(box / "here", box / "project/here");
  const Outcome moved = resume("../project/runs/00000-pics-official-tf-8", "0.16");
  EXPECT_EQ(moved.code, 0) << moved.err;
  fs::rename(box / "project/here/pics", box / "photos");
  const auto before = files_in(box, "project");
  const Outcome gone = resume("../project/runs/00000-pics-official-tf-8", "0.176");
  expect_rejected(gone, 1, "the images of the run are gone: its data.path, 'here/pics', does not");
  EXPECT_HAS(gone.err, "give their place with --data");
  EXPECT_TRUE(files_in(box, "project") == before);
  const Outcome given =
      resume("../project/runs/00000-pics-official-tf-8 --data ../photos", "0.176");
  EXPECT_EQ(given.code, 0) << given.err;
  EXPECT_EQ(resume("../project/runs/00000-pics-official-tf-8", "0.184").code, 0);
}

TEST(ResumedRun, RejectedStartsLeaveNoFolder) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  fs::create_directory(box / "elsewhere");
  const fs::path checkpoint = box / "elsewhere/a.safetensors";
  fs::copy_file(box / (kRun + "/checkpoint-000000.128.safetensors"), checkpoint);
  // A tensor is missing, which shows when it is read.
  std::string bytes = box.read("elsewhere/a.safetensors");
  for (size_t at; (at = bytes.find("G/4x4/Conv/weight")) != std::string::npos;) bytes[at + 6] = 'c';
  for (const char* checksum : {"\"crc32\"", "\"header_crc32\""}) {
    const size_t at = bytes.find(checksum);
    ASSERT_NE(at, std::string::npos);
    bytes[at + 1] = '_';
  }
  box.write("elsewhere/a.safetensors", bytes);
  box.write("elsewhere/b.safetensors", bytes.substr(0, bytes.size() / 2));
  ASSERT_EQ(box.run("dataset build builtin:shapes:8 --resolution 8 --out set").code, 0);
  const std::vector<std::string> starts = {
      tiny("--data missing --out new/runs"),
      tiny("--data set --resolution 16 --out new/runs"),
      tiny("--memory-limit 1MB --out new/runs"),
      tiny("--set checkpoint.best_of=beauty --out new/runs"),
      "train --resume elsewhere/a.safetensors --kimg 1 --out new/runs",
      "train --resume elsewhere/b.safetensors --kimg 1 --out new/runs",
      "train --resume elsewhere/a.safetensors --resolution 16 --out new/runs",
      "train --resume " + kRun + " --resolution 16 --data set --out new/runs",
      "train --resume " + kRun + " --resolution 16 --set model.fmap_max=2 --out new/runs"};
  for (const std::string& start : starts) {
    const Outcome o = box.run(start);
    EXPECT_TRUE(o.code == 1 || o.code == 2) << start << ": " << o.code << o.err;
    EXPECT_FALSE(fs::exists(box / "new")) << start << ": " << o.err;
  }
  ASSERT_TRUE(fs::create_directory(box / "new"));
  EXPECT_NE(box.run(starts[4]).code, 0);
  EXPECT_TRUE(fs::exists(box / "new") && fs::is_empty(box / "new"));
}

TEST(ResumedRun, NewestRunIsNotContinuedOnOtherImages) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  ASSERT_EQ(box.run("dataset build builtin:shapes:32 --out set --resolution 8").code, 0);
  const auto before = files_in(box, kRun);
  expect_rejected(box.run("train set --resume --kimg 0.2"), 2,
                  "was trained on builtin:shapes:64, not set; name the run");
  EXPECT_TRUE(files_in(box, kRun) == before);
  EXPECT_EQ(box.run("train --data builtin:shapes:64 --resume --kimg 0.16").code, 0);
  EXPECT_EQ(box.run("train set --resume 0 --kimg 0.2").code, 0);  // named
  fs::rename(box / "set", box / "moved");
  const Outcome moved = box.run("train moved --resume --kimg 0.24");
  EXPECT_EQ(moved.code, 0) << moved.err;
  EXPECT_EQ(moved.err.find("data.path was"), std::string::npos) << moved.err;
}

TEST(ResumedRun, RunsAreNoImages) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const auto before = files_in(box, "runs");
  expect_rejected(box.run("train runs"), 2, "'runs' holds runs, not images; to resume");
  expect_rejected(box.run("train " + kRun), 2, "is a run, not a folder of images");
  EXPECT_TRUE(files_in(box, "runs") == before);
}

TEST(ResumedRun, TheEndOfAFinishedRunIsWhatItHasShown) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  expect_rejected(box.run("train --resume --kimg 0.1"), 0, "--kimg N with N above 0.128");
}

}  // namespace
}  // namespace pg::test
