// run_checkpoints_test.cpp: the newest checkpoint, resolving --resume, pruning, setting aside.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/error.h"
#include "model/run/checkpoint_files.h"
#include "model/run/resume_point.h"
#include "model/run/set_aside.h"
#include "tests/model/run/run_folders.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

TEST_F(RunFolders, CheckpointsAreSortedByNumberWithoutOtherFiles) {
  const RunFolder run = run_with({320, 1000000, 0, 160});
  write_text(run.path() / "checkpoint-best.safetensors", "");
  write_text(run.path() / "checkpoint-000999.safetensors.tmp-12", "");
  EXPECT_EQ(names_of(run.checkpoints()),
            (std::vector<std::string>{
                "checkpoint-000000.safetensors", "checkpoint-000160.safetensors",
                "checkpoint-000320.safetensors", "checkpoint-1000000.safetensors"}));
  EXPECT_EQ(newest_checkpoint(run).path, run.checkpoint_file(1000000000));
  EXPECT_EQ(newest_checkpoint(run_with({})).path, std::nullopt);
}

TEST_F(RunFolders, PruningKeepsTheLatestAndTheOneJustWritten) {
  const RunFolder run = run_with({0, 160, 320, 480, 640});
  write_text(run.path() / "checkpoint-best.safetensors", "");
  EXPECT_EQ(prune_checkpoints(run, 0, run.checkpoint_file(640000)), 0);
  EXPECT_EQ(prune_checkpoints(run, 3, run.checkpoint_file(640000)), 2);
  EXPECT_EQ(names_of(run.checkpoints()).front(), "checkpoint-000320.safetensors");
  // After a roll back, the checkpoint just written is the oldest by number.
  EXPECT_EQ(prune_checkpoints(run, 2, run.checkpoint_file(320000)), 1);
  EXPECT_EQ(
      names_of(run.checkpoints()),
      (std::vector<std::string>{"checkpoint-000320.safetensors", "checkpoint-000640.safetensors"}));
  EXPECT_EQ(prune_checkpoints(run, 1, run.checkpoint_file(320000)), 1);
  EXPECT_EQ(prune_checkpoints(run, 1, run.checkpoint_file(320000)), 0);
  EXPECT_TRUE(fs::exists(run.path() / "checkpoint-best.safetensors"));
}

TEST_F(RunFolders, ResumeWithoutArgumentFindsTheNewestRunThatHasACheckpoint) {
  EXPECT_NE(resume_error("").find("no run in '"), std::string::npos);
  run_with({160});
  const RunFolder second = run_with({160, 320});
  run_with({});
  const ResumePoint point = resolve_resume("", out());
  EXPECT_EQ(point.run.path(), second.path());
  EXPECT_EQ(point.checkpoint, second.checkpoint_file(320000));
}

TEST_F(RunFolders, NewestCheckpointHasTheMostImagesUnderAnyName) {
  const RunFolder run = run_with({160});
  EXPECT_EQ(newest_checkpoint(run).path, run.checkpoint_file(160000));
  write_whole(run.finished_checkpoint(8), 160016);
  EXPECT_EQ(newest_checkpoint(run).path, run.finished_checkpoint(8));
  write_whole(run.best_checkpoint(), 160032);
  EXPECT_EQ(newest_checkpoint(run).path, run.best_checkpoint());
  write_whole(run.latest_checkpoint(), 160048);
  EXPECT_EQ(newest_checkpoint(run).path, run.latest_checkpoint());
}

TEST_F(RunFolders, NewestCheckpointIsNeverADamagedOne) {
  const RunFolder run = run_with({160, 320});
  const std::string whole = read_text(run.checkpoint_file(320000));
  for (size_t damage = 0; damage < 2 * whole.size(); ++damage) {
    std::string text = whole;
    if (damage < whole.size()) {
      text.resize(damage);
    } else {
      text[damage - whole.size()] = static_cast<char>(text[damage - whole.size()] ^ 4);
    }
    write_text(run.checkpoint_file(320000), text);
    const NewestCheckpoint newest = newest_checkpoint(run);
    ASSERT_EQ(newest.path, run.checkpoint_file(160000)) << "damage " << damage;
    ASSERT_EQ(newest.broken.size(), 1u);
    ASSERT_NE(newest.broken[0].find("checkpoint-000320"), std::string::npos) << newest.broken[0];
  }
  write_text(run.checkpoint_file(160000), "");
  EXPECT_NE(error_of<FormatError>([&] {
              resolve_resume(run.path(), out());
            }).find("00000-leaves-official-tf-64' is usable, of 2"),
            std::string::npos);
}

TEST_F(RunFolders, RollBackSetsLaterCheckpointsAsideForGood) {
  const RunFolder run = run_with({160, 320, 480});
  write_whole(run.latest_checkpoint(), 480016);
  EXPECT_EQ(set_aside_after(run, {.images_shown = 320000}).size(), 2u);
  EXPECT_EQ(newest_checkpoint(run).path, run.checkpoint_file(320000));
  EXPECT_TRUE(fs::exists(run.path() / "superseded-checkpoint-000480.safetensors"));
  EXPECT_TRUE(fs::exists(run.path() / "superseded-latest.safetensors"));
  EXPECT_TRUE(set_aside_after(run, {.images_shown = 320000}).empty());
}

TEST_F(RunFolders, ResumeReportsNewerRunsWithOnlyDamagedCheckpoints) {
  const RunFolder first = run_with({160}), second = run_with({160});
  write_text(second.checkpoint_file(160000), "half");
  const ResumePoint point = resolve_resume("", out());
  EXPECT_EQ(point.run.path(), first.path());
  ASSERT_EQ(point.broken.size(), 1u);
  EXPECT_NE(point.broken[0].find(second.path().filename().string()), std::string::npos);
}

TEST_F(RunFolders, ResumeAcceptsFolderNameNumberOrFile) {
  const RunFolder run = run_with({160, 320});
  run_with({480});
  const std::string name = run.path().filename().string();
  for (const std::string& argument : {run.path().string(), name, std::string("0")}) {
    EXPECT_EQ(resolve_resume(argument, out()).checkpoint, run.checkpoint_file(320000)) << argument;
  }
  write_whole(run.checkpoint_file(160000), 160000, to_toml(config_));
  const ResumePoint early = resolve_resume(run.checkpoint_file(160000).string(), out());
  EXPECT_EQ(early.checkpoint, run.checkpoint_file(160000));
  EXPECT_EQ(early.run.path(), run.path());
  EXPECT_TRUE(early.continues);
}

TEST_F(RunFolders, ResumeWithoutARunOrCheckpointIsAnError) {
  const RunFolder empty = run_with({});
  EXPECT_NE(resume_error(empty.path().string()).find("has no checkpoint"), std::string::npos);
  EXPECT_NE(resume_error("nowhere").find("unknown run 'nowhere': expected a run folder"),
            std::string::npos);
  EXPECT_NE(resume_error("17").find("unknown run '17'"), std::string::npos);
}

TEST_F(RunFolders, NamesOfOlderProgramsAreReadAndPrunedByTheirHeaders) {
  const RunFolder run = run_with({160});
  write_whole(run.path() / "checkpoint-000161.safetensors", 161700);
  write_whole(run.checkpoint_file(161500), 161500);
  EXPECT_EQ(newest_checkpoint(run).path, run.path() / "checkpoint-000161.safetensors");
  EXPECT_EQ(prune_checkpoints(run, 1, run.checkpoint_file(162000)), 2);
  EXPECT_EQ(names_of(run.checkpoints()),
            (std::vector<std::string>{"checkpoint-000161.safetensors"}));
}

TEST_F(RunFolders, PruningRemovesIntactCheckpointsOnly) {
  const RunFolder run = run_with({160, 320});
  write_text(run.path() / "checkpoint-000001.safetensors", "notes of the user");
  EXPECT_EQ(prune_checkpoints(run, 1, run.checkpoint_file(320000)), 1);
  EXPECT_TRUE(fs::exists(run.path() / "checkpoint-000001.safetensors"));
}

TEST_F(RunFolders, SettingTextAsideTouchesNoOtherFile) {
  const RunFolder run = run_with({160});
  const fs::path other = run.path() / "stats.jsonl.removed";
  write_text(other, "of the user");
  const fs::path aside = set_aside_text(run.stats_file(), "lines");
  EXPECT_EQ(aside.filename(), "superseded-stats.jsonl");
  EXPECT_EQ(read_text(aside), "lines");
  EXPECT_EQ(read_text(other), "of the user");
  EXPECT_EQ(set_aside_text(run.stats_file(), "more").filename(), "superseded-2-stats.jsonl");
}

TEST_F(RunFolders, SettingAsideNeverReplacesAFile) {
  const RunFolder run = run_with({160});
  fs::create_symlink("nowhere", run.path() / "superseded-2-checkpoint-000320.safetensors");
  for (const int64_t images : {320001, 320002, 320003}) {
    write_whole(run.path() / "checkpoint-000320.safetensors", images);
    set_aside_after(run, {.images_shown = 160000});
  }
  const auto held = [&](const std::string& name) { return checkpoint_images(run.path() / name); };
  EXPECT_EQ(held("superseded-checkpoint-000320.safetensors"), 320001);
  EXPECT_EQ(held("superseded-3-checkpoint-000320.safetensors"), 320002);
  EXPECT_EQ(held("superseded-4-checkpoint-000320.safetensors"), 320003);
  // The name of a file does not grow each time.
  EXPECT_EQ(set_aside(run.path() / "superseded-3-checkpoint-000320.safetensors").filename(),
            "superseded-5-checkpoint-000320.safetensors");
}

TEST_F(RunFolders, CheckpointOfANewerProgramEndsTheSearch) {
  const RunFolder run = run_with({160, 320});
  const float weight = 1.0f;
  write_safetensors(run.checkpoint_file(480000),
                    std::vector<NamedBuffer>{{"w", StoredType::f32, {1}, &weight}},
                    {{"format", "progan_cuda checkpoint"}, {"version", "3"}});
  for (const std::string& argument : {run.path().string(), std::string()}) {
    EXPECT_NE(error_of<NewerFormatError>([&] {
                resolve_resume(argument, out());
              }).find("expected format version 1 or 2, got 3"),
              std::string::npos);
  }
}

TEST_F(RunFolders, ResumeLocksBeforeItChooses) {
  const RunFolder run = run_with({160});
  std::unique_ptr<RunLock> lock;
  {
    const RunLock trainer(run);
    for (const std::string& argument : {run.path().string(), std::string()}) {
      EXPECT_NE(error_of<UsageError>([&] {
                  resolve_resume(argument, out(), &lock);
                }).find("is being trained by another process"),
                std::string::npos);
    }
    EXPECT_EQ(resolve_resume("", out()).checkpoint, run.checkpoint_file(160000)) << "to read only";
  }
  EXPECT_EQ(resolve_resume("", out(), &lock).checkpoint, run.checkpoint_file(160000));
  EXPECT_THROW(RunLock{run}, UsageError);
  lock.reset();
  EXPECT_NO_THROW(RunLock{run});
}

TEST_F(RunFolders, ListedFilesThatVanishAreNoDamage) {
  const RunFolder run = run_with({160, 320});
  const pid_t child = ::fork();
  if (child == 0) {
    for (int64_t k = 330; k < 830; ++k) {
      write_whole(run.checkpoint_file(k * 1000), k * 1000);
      prune_checkpoints(run, 2, run.checkpoint_file(k * 1000));
    }
    ::_exit(0);
  }
  int64_t lost = 0;
  while (::waitpid(child, nullptr, WNOHANG) == 0) {
    const NewestCheckpoint newest = newest_checkpoint(run);
    lost += !newest.path.has_value() || !newest.broken.empty();
  }
  EXPECT_EQ(lost, 0);
}

}  // namespace
}  // namespace pg
