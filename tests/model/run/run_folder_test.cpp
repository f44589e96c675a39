// run_folder_test.cpp: names of run folders, resolving --resume, pruning of checkpoints.
#include "model/run/checkpoint_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data/formats/safetensors.h"
#include "kernels/error.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

class RunFolders : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    config_.train.out = (folder_ / "runs").string();
    config_.model.resolution = 64;
  }

  fs::path out() const { return config_.train.out; }

  static void write_whole(const fs::path& path, int64_t images) {
    const float weight = 1.0f;
    write_safetensors(path, std::vector<NamedBuffer>{{"w", StoredType::f32, {1}, &weight}},
                      {{"format", "progan_cuda checkpoint"},
                       {"version", "2"},
                       {"images_shown", std::to_string(images)}});
  }

  // A run folder with checkpoints at these kimg, valid except for their tensors.
  RunFolder run_with(const std::vector<int64_t>& kimg) {
    const RunFolder run = RunFolder::create(config_, "leaves");
    for (const int64_t k : kimg) write_whole(run.checkpoint_file(k * 1000), k * 1000);
    return run;
  }

  std::string resume_error(const std::string& argument) {
    return error_of<UsageError>([&] { resolve_resume(argument, out()); });
  }

  Config config_;
};

std::vector<std::string> names_of(const std::vector<fs::path>& paths) {
  std::vector<std::string> names;
  for (const fs::path& path : paths) names.push_back(path.filename().string());
  return names;
}

TEST_F(RunFolders, AreNumberedAndNamed) {
  EXPECT_EQ(run_with({}).path(), out() / "00000-leaves-official-tf-64");
  fs::create_directories(out() / "00007-other");
  write_text(out() / "00012-a-file", "");
  EXPECT_EQ(run_with({}).path(), out() / "00008-leaves-official-tf-64");
  config_.train.name = "my run/7";
  EXPECT_EQ(run_with({}).path(), out() / "00009-my-run-7");
}

TEST_F(RunFolders, KeepTheResolvedConfig) {
  config_.model.fmap_max = 77;
  const RunFolder run = run_with({});
  EXPECT_EQ(read_text(run.config_file()), to_toml(config_));
  Config back;
  read_toml(back, run.config_file());
  EXPECT_EQ(back.model.fmap_max, 77);
}

TEST_F(RunFolders, NumbersAreTakenByOneProcessAtATime) {
  fs::create_directories(out());
  const int lock = ::open(out().c_str(), O_RDONLY);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(lock);
    RunFolder::create(config_, "leaves");
    ::_exit(0);
  }
  ::usleep(100000);
  EXPECT_TRUE(runs_in(out()).empty());
  ::close(lock);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(runs_in(out()).size(), 1u);
}

TEST_F(RunFolders, NameFilesByThousandsOfImages) {
  const RunFolder run("r");
  EXPECT_EQ(run.fakes_image(160999), "r/fakes000160.png");
  EXPECT_EQ(run.checkpoint_file(12000000), "r/checkpoint-012000.safetensors");
  EXPECT_EQ(run.checkpoint_file(0), "r/checkpoint-000000.safetensors");
}

TEST_F(RunFolders, OutThatIsAFileIsAnErrorWithAdvice) {
  write_text(out(), "");
  const std::string error = error_of<IoError>([&] { RunFolder::create(config_, "leaves"); });
  EXPECT_NE(error.find("create a run folder in " + out().string()), std::string::npos) << error;
  EXPECT_NE(error.find("train.out"), std::string::npos) << error;
}

TEST_F(RunFolders, ReadOnlyOutIsAnErrorWithAdvice) {
  // /proc accepts no new entries, not even from root.
  config_.train.out = "/proc";
  const std::string error = error_of<IoError>([&] { RunFolder::create(config_, "leaves"); });
  EXPECT_NE(error.find("cannot create a run folder in /proc"), std::string::npos) << error;
}

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
  EXPECT_EQ(run.prune_checkpoints(0, run.checkpoint_file(640000)), 0);
  EXPECT_EQ(run.prune_checkpoints(3, run.checkpoint_file(640000)), 2);
  EXPECT_EQ(names_of(run.checkpoints()).front(), "checkpoint-000320.safetensors");
  // After a roll back, the checkpoint just written is the oldest by number.
  EXPECT_EQ(run.prune_checkpoints(2, run.checkpoint_file(320000)), 1);
  EXPECT_EQ(
      names_of(run.checkpoints()),
      (std::vector<std::string>{"checkpoint-000320.safetensors", "checkpoint-000640.safetensors"}));
  EXPECT_EQ(run.prune_checkpoints(1, run.checkpoint_file(320000)), 1);
  EXPECT_EQ(run.prune_checkpoints(1, run.checkpoint_file(320000)), 0);
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

// A checkpoint truncated anywhere, or with one wrong bit, is skipped and named.
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
  EXPECT_NE(resume_error(run.path().string()).find("has no checkpoint"), std::string::npos);
}

TEST_F(RunFolders, RollBackSetsLaterCheckpointsAsideForGood) {
  const RunFolder run = run_with({160, 320, 480});
  write_whole(run.latest_checkpoint(), 480016);
  EXPECT_EQ(set_aside_after(run, 320000).size(), 2u);
  EXPECT_EQ(newest_checkpoint(run).path, run.checkpoint_file(320000));
  EXPECT_TRUE(fs::exists(run.path() / "superseded-checkpoint-000480.safetensors"));
  EXPECT_TRUE(fs::exists(run.path() / "superseded-latest.safetensors"));
  EXPECT_TRUE(set_aside_after(run, 320000).empty());
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
  const ResumePoint early = resolve_resume(run.checkpoint_file(160000).string(), out());
  EXPECT_EQ(early.checkpoint, run.checkpoint_file(160000));
  EXPECT_EQ(early.run.path(), run.path());
}

TEST_F(RunFolders, ResumeWithoutARunOrCheckpointIsAnError) {
  const RunFolder empty = run_with({});
  EXPECT_NE(resume_error(empty.path().string()).find("has no checkpoint"), std::string::npos);
  EXPECT_NE(resume_error("nowhere").find("cannot resume from 'nowhere': expected a run folder"),
            std::string::npos);
  EXPECT_NE(resume_error("17").find("cannot resume from '17'"), std::string::npos);
}

TEST_F(RunFolders, LockRejectsASecondTrainer) {
  const RunFolder run = run_with({});
  {
    const RunLock lock(run);
    EXPECT_NE(error_of<UsageError>([&] { RunLock{run}; }).find("by another process"),
              std::string::npos);
  }
  EXPECT_NO_THROW(RunLock{run});
}

TEST_F(RunFolders, OnlyLeftoversAreRemoved) {
  const RunFolder run = run_with({160});
  write_text(run.path() / "checkpoint-000320.safetensors.tmp-99", "half");
  run.remove_leftovers();
  EXPECT_FALSE(fs::exists(run.path() / "checkpoint-000320.safetensors.tmp-99"));
  EXPECT_TRUE(fs::exists(run.checkpoint_file(160000)));
  EXPECT_TRUE(fs::exists(run.config_file()));
}

TEST(DataSlug, KeepsThePlainPartOfAName) {
  EXPECT_EQ(data_slug("/path/to/My Leaves.zip"), "My-Leaves");
  EXPECT_EQ(data_slug("/path/to/leaves/"), "leaves");
  EXPECT_EQ(data_slug("train-images-idx3-ubyte.gz"), "train-images-idx3-ubyte");
  EXPECT_EQ(data_slug("builtin:shapes:4096"), "builtin-shapes-4096");
  EXPECT_EQ(data_slug("../.."), "data");
  EXPECT_EQ(data_slug("/"), "data");
  EXPECT_EQ(data_slug("\xe8\x91\x89"), "data");
  EXPECT_EQ(data_slug(std::string(100, 'a')).size(), 40u);
}

}  // namespace
}  // namespace pg
