// resume_test.cpp: a run stopped anywhere and resumed equals a run that was never stopped.
#include "data/formats/safetensors.h"
#include "model/config/changes.h"
#include "model/run/set_aside.h"
#include "tests/model/small_run.h"

namespace pg {
namespace {

using Resume = SmallRun;

TEST_F(Resume, LatestCheckpointFollowsTheClock) {
  config_.checkpoint.every_minutes = 1e-9;
  config_.checkpoint.keep_finished = false;
  const RunFolder run = run_folder("run");
  int64_t iteration = 0, seen = 0;
  each_iteration_ = [&] {  // before this iteration writes its checkpoint
    if (!std::filesystem::exists(run.latest_checkpoint())) return;
    ++seen;
    EXPECT_EQ(checkpoint_images(run.latest_checkpoint()), 8 * iteration++);
  };
  train(run, kNever);
  EXPECT_EQ(seen, 16);
}

// 16 iterations; the 6th to 13th fade in 8x8.
TEST_F(Resume, AtAnyIterationEqualsAnUninterruptedRunInEveryFile) {
  config_.checkpoint.best_of = "d_loss";
  config_.guard.every = 3;  // does not divide the iterations of a tick
  const RunFolder whole = run_folder("whole");
  train(whole, kNever);
  ASSERT_EQ(untimed(whole).size(), 4u);
  for (const char* name :
       {"checkpoint-000000.128.safetensors", "finished-4x4.safetensors", "best.safetensors"}) {
    ASSERT_TRUE(files_of(whole).contains(name)) << name;
  }
  ASSERT_FALSE(files_of(whole).contains("latest.safetensors"));
  for (int64_t stop = 1; stop < 16; ++stop) {
    const RunFolder parts = run_folder(message("parts", stop));
    train(parts, stop);
    ASSERT_EQ(newest_checkpoint(parts).path, parts.latest_checkpoint());
    train(parts, kNever, parts.latest_checkpoint());
    expect_same_files(parts, whole, message("stopped after iteration ", stop));
  }
}

// A killed run leaves one of its checkpoints and newer statistics.
TEST_F(Resume, FromEveryCheckpointEqualsAnUninterruptedRun) {
  config_.checkpoint.every_kimg = 0.032;
  config_.checkpoint.every_minutes = 1e-9;
  config_.checkpoint.keep = 0;
  const RunFolder whole = run_folder("whole");
  train(whole, kNever);
  for (const char* name : {"checkpoint-000000.064.safetensors", "finished-4x4.safetensors"}) {
    const RunFolder killed = run_folder(std::string("killed-") + name);
    train(killed, kNever);
    std::filesystem::copy_file(killed.path() / name, folder_ / "left");
    std::filesystem::rename(folder_ / "left", killed.latest_checkpoint());
    train(killed, kNever, killed.latest_checkpoint());
    EXPECT_TRUE(
        std::filesystem::exists(killed.path() / "superseded-checkpoint-000000.128.safetensors"));
    for (const auto& [file, text] : files_of(killed)) {
      if (file.starts_with(kSetAside)) std::filesystem::remove(killed.path() / file);
    }
    expect_same_files(killed, whole, name);
  }
}

// Shorter than a tick: after any iteration, also in the middle of a reading of the schedule.
TEST_F(Resume, FromCheckpointsWithinATickEqualsAnUninterruptedRun) {
  config_.checkpoint.every_kimg = config_.checkpoint.images_every_kimg = 0.008;
  config_.checkpoint.keep = 0;
  config_.schedule.tick_kimg_base = 0.064;
  const RunFolder whole = run_folder("whole");
  train(whole, kNever);
  ASSERT_EQ(whole.checkpoints().size(), 16u);
  ASSERT_EQ(whole.fakes_images().size(), 17u);
  for (const int64_t images : {8, 24, 56, 64, 120}) {
    const RunFolder parts = run_folder(message("parts", images));
    train(parts, images / 8);
    std::filesystem::remove(parts.latest_checkpoint());
    ASSERT_EQ(newest_checkpoint(parts).path, parts.checkpoint_file(images));
    train(parts, kNever, parts.checkpoint_file(images));
    expect_same_files(parts, whole, message("resumed at ", images));
  }
}

TEST_F(Resume, FilesDueAtLongerIntervalsThanATickWaitForItsEnd) {
  config_.checkpoint.every_kimg = config_.checkpoint.images_every_kimg = 0.032;
  config_.checkpoint.keep = 0;
  const RunFolder run = run_folder("run");
  train(run, kNever);
  std::vector<int64_t> images;
  for (const auto& path : run.checkpoints()) images.push_back(*RunFolder::checkpoint_images(path));
  EXPECT_EQ(images, (std::vector<int64_t>{32, 64, 96, 128}));
}

// Superseded files stay, however often that happens.
TEST_F(Resume, FromAnEarlierCheckpointKeepsEverythingWrittenAfterIt) {
  config_.checkpoint.every_kimg = 0.032;
  config_.checkpoint.keep = 0;
  config_.checkpoint.step_images = true;
  const RunFolder run = run_folder("run");
  train(run, kNever);
  std::map<std::string, std::string> first = files_of(run);
  config_.optimizer.g_learning_rate *= 2.0;  // the files differ from now on
  for (int i = 0; i < 2; ++i) train(run, kNever, run.checkpoint_file(64));
  std::map<std::string, std::string> now = files_of(run);
  for (const char* name : {"checkpoint-000000.096.safetensors", "checkpoint-000000.128.safetensors",
                           "fakes000000.096.png", "fakes000000.128.png", "generated_image1.png"}) {
    EXPECT_TRUE(now.at(std::string(kSetAside) + name) == first.at(name)) << name;
    EXPECT_TRUE(now.contains(message(kSetAside, "2-", name))) << name;
    EXPECT_FALSE(now.at(name) == first.at(name)) << name;
  }
  for (const char* name : {"fakes000000.064.png", "checkpoint-000000.064.safetensors"}) {
    EXPECT_TRUE(now.at(name) == first.at(name)) << name;
    EXPECT_FALSE(now.contains(std::string(kSetAside) + name)) << name;
  }
  EXPECT_EQ(untimed(run).size(), 4u);
  EXPECT_EQ(untimed_lines(run.path() / "superseded-stats.jsonl").size(), 2u);
  EXPECT_EQ(untimed_lines(run.path() / "superseded-2-stats.jsonl").size(), 2u);
}

// A killed run has newer statistics and images than checkpoints; other settings change them.
TEST_F(Resume, WithOtherSettingsKeepsStatisticsAndImagesAfterTheCheckpoint) {
  const RunFolder run = run_folder("run");
  train(run, 4);
  std::filesystem::copy_file(run.latest_checkpoint(), folder_ / "kept");
  train(run, 4, run.latest_checkpoint());
  const auto killed = files_of(run);
  std::filesystem::rename(folder_ / "kept", run.latest_checkpoint());
  config_.optimizer.g_learning_rate *= 2.0;
  train(run, kNever, run.latest_checkpoint());
  const auto now = files_of(run);
  EXPECT_TRUE(now.at("superseded-fakes000000.064.png") == killed.at("fakes000000.064.png"));
  EXPECT_EQ(untimed_lines(run.path() / "superseded-stats.jsonl").size(), 1u);
}

// A file of the same name that holds something else.
TEST_F(Resume, NumberedCheckpointReplacesOnlyTheSameState) {
  const RunFolder run = run_folder("run"), other = run_folder("other");
  train(other, 3);
  const std::string text = read_text(other.latest_checkpoint());
  write_text(run.checkpoint_file(128), text);
  std::filesystem::create_symlink(other.latest_checkpoint(), run.latest_checkpoint());
  train(run, kNever);
  EXPECT_EQ(checkpoint_images(run.checkpoint_file(128)), 128);
  EXPECT_TRUE(read_text(run.path() / "superseded-checkpoint-000000.128.safetensors") == text);
  EXPECT_TRUE(read_text(other.latest_checkpoint()) == text) << "written through a link";
}

TEST_F(Resume, DeletedAndRenamedFilesDoNotDisturbARun) {
  const RunFolder run = run_folder("run"), whole = run_folder("whole");
  train(whole, kNever);
  const RunLock lock(run);
  int64_t iteration = 0;
  each_iteration_ = [&] {
    ++iteration;
    if (iteration == 6) {
      std::filesystem::remove(run.stats_file());
      std::filesystem::remove(run.log_file());
    }
    if (iteration == 10) std::filesystem::rename(folder_ / "run", folder_ / "renamed");
  };
  train(run, kNever);
  EXPECT_EQ(run.path(), std::filesystem::canonical(folder_ / "renamed"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
  expect_same_files(run, whole, "renamed");
  const std::string log = read_text(run.log_file());
  EXPECT_NE(log.find("stats.jsonl was deleted and has been written again"), std::string::npos);
  EXPECT_NE(log.find("the run folder is now " + run.path().string()), std::string::npos) << log;
}

TEST_F(Resume, DeletedRunFolderEndsTheRunAtOnce) {
  const RunFolder run = run_folder("run");
  const RunLock lock(run);
  int64_t iteration = 0;
  each_iteration_ = [&] {
    if (++iteration == 5) std::filesystem::remove_all(folder_ / "run");
  };
  EXPECT_NE(error_of<RunFolderLost>([&] { train(run, kNever); }).find("was deleted while training"),
            std::string::npos);
  EXPECT_EQ(iteration, 5);
}

TEST_F(Resume, ReadsCheckpointFormat1) {
  const RunFolder run = run_folder("older");
  train(run, 6);
  {
    const Safetensors stored(run.latest_checkpoint());
    Metadata metadata = stored.metadata();
    for (const char* key : {"sums", "sums_of_tick", "sums_of_window", "iterations", "rollbacks",
                            "rollback_to", "best"}) {
      ASSERT_EQ(metadata.erase(key), 1u) << key;
    }
    metadata["version"] = "1";
    for (const char* key : {"crc32", "header_crc32"}) metadata.erase(key);
    std::vector<std::vector<std::byte>> values;
    std::vector<NamedBuffer> buffers;
    for (const StoredTensor& t : stored.tensors()) {
      values.push_back(stored.read(t));
      buffers.push_back({t.name, t.dtype, t.shape, values.back().data()});
    }
    write_safetensors(folder_ / "older.safetensors", buffers, metadata);
  }
  train(run, kNever, folder_ / "older.safetensors");
  EXPECT_EQ(untimed(run).size(), 4u);
}

TEST_F(Resume, UnknownBestOfIsRejectedWithTheNearestName) {
  config_.checkpoint.best_of = "d_los";
  const std::string error = error_of<UsageError>([&] { train(run_folder("best"), kNever); });
  EXPECT_NE(error.find("did you mean 'd_loss'"), std::string::npos) << error;
}

TEST(Changes, AreDescribedWithTheirEffect) {
  Config before = preset("official-tf");
  resolve(before, {.resolution = 64, .channels = 3});
  EXPECT_TRUE(describe_changes(before, before, 0).empty());
  Config after = before;
  after.train.threads = 3;
  after.schedule.lod_training_kimg = 100;
  const std::vector<std::string> changes = describe_changes(before, after, 1300 * 1000);
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0],
            "schedule.lod_training_kimg was 600 and is 100: a different schedule, counted from the "
            "first image of the run");
  EXPECT_EQ(changes[1], "train.threads was 0 and is 3: same results, faster or slower");
  EXPECT_NE(changes[2].find("the schedule was at 8x8 stable"), std::string::npos) << changes[2];
}

}  // namespace
}  // namespace pg
