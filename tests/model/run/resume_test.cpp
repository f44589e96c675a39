// resume_test.cpp: a run stopped anywhere and resumed equals a run that was never stopped.
#include "data/formats/safetensors.h"
#include "model/config/changes.h"
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
       {"checkpoint-000000.safetensors", "finished-4x4.safetensors", "best.safetensors"}) {
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
  for (const char* name : {"checkpoint-000000.safetensors", "finished-4x4.safetensors"}) {
    const RunFolder killed = run_folder(std::string("killed-") + name);
    train(killed, kNever);
    std::filesystem::copy_file(killed.path() / name, folder_ / "left");
    std::filesystem::rename(folder_ / "left", killed.latest_checkpoint());
    train(killed, kNever, killed.latest_checkpoint());
    std::filesystem::remove(killed.path() / "superseded-checkpoint-000000.safetensors");
    expect_same_files(killed, whole, name);
  }
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
    std::vector<NamedBuffer> buffers;
    for (const StoredTensor& t : stored.tensors()) {
      buffers.push_back({t.name, t.dtype, t.shape, t.data});
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
