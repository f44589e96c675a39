// run_folder_test.cpp: names of run folders and their files, locks, and what makes a run folder.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data/files/atomic_file.h"
#include "kernels/error.h"
#include "model/run/resume_point.h"
#include "tests/model/run/run_folders.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

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

TEST_F(RunFolders, NameFilesByThousandsOfImagesExactly) {
  const RunFolder run("r");
  EXPECT_EQ(run.fakes_image(160000), "r/fakes000160.png");
  EXPECT_EQ(run.fakes_image(160999), "r/fakes000160.999.png");
  EXPECT_EQ(run.checkpoint_file(1500), "r/checkpoint-000001.500.safetensors");
  EXPECT_EQ(run.checkpoint_file(1005), "r/checkpoint-000001.005.safetensors");
  for (const int64_t images : {0, 1, 999, 1000, 1500, 160000, 12000016}) {
    EXPECT_EQ(RunFolder::checkpoint_images(run.checkpoint_file(images)), images);
    EXPECT_EQ(RunFolder::fakes_images(run.fakes_image(images)), images);
  }
  for (const char* other : {"checkpoint-1.5.safetensors", "checkpoint-.safetensors",
                            "checkpoint-000001.5000.safetensors", "checkpoint-1.500"}) {
    EXPECT_EQ(RunFolder::checkpoint_images(other), std::nullopt) << other;
  }
  EXPECT_EQ(run.checkpoint_file(12000000), "r/checkpoint-012000.safetensors");
  EXPECT_EQ(run.checkpoint_file(0), "r/checkpoint-000000.safetensors");
}

TEST_F(RunFolders, OutThatIsAFileIsAnErrorWithAdvice) {
  write_text(out(), "");
  const std::string error = error_of<IoError>([&] { RunFolder::create(config_, "leaves"); });
  EXPECT_NE(error.find("create a run folder in " + out().string()), std::string::npos) << error;
  EXPECT_NE(error.find("--out"), std::string::npos) << error;
}

TEST_F(RunFolders, ReadOnlyOutIsAnErrorWithAdvice) {
  // /proc accepts no new entries, not even from root.
  config_.train.out = "/proc";
  const std::string error = error_of<IoError>([&] { RunFolder::create(config_, "leaves"); });
  EXPECT_NE(error.find("cannot create a run folder in /proc"), std::string::npos) << error;
}

// A checkpoint truncated anywhere, or with one wrong bit, is skipped and named.
// An older program wrote both of these under whole thousands.
TEST_F(RunFolders, AreRecognisedByTheContentsOfTheirFiles) {
  const RunFolder run = run_with({160});
  EXPECT_TRUE(is_run_folder(run.path()));
  write_text(run.stats_file(), "{\"kimg\":160}\n");
  write_text(run.log_file(), "2018-02-26 12:00:00 info: run folder runs/00000\n");
  EXPECT_TRUE(is_run_folder(run.path()));
  write_text(run.stats_file(), "{\"step\":1}\n");
  EXPECT_FALSE(is_run_folder(run.path())) << "statistics of another program";
  write_text(run.stats_file(), "");
  write_text(run.log_file(), "what I did today\n");
  EXPECT_FALSE(is_run_folder(run.path())) << "a log of another program";
  fs::remove(run.log_file());
  for (const char* config : {"", "[model]\nfmap_max = 3\n", "[package]\nname = \"mine\"\n"}) {
    write_text(run.config_file(), config);
    EXPECT_FALSE(is_run_folder(run.path())) << config;
  }
  write_text(run.config_file(), to_toml(preset("official-tf")));
  EXPECT_FALSE(is_run_folder(run.path())) << "printed by progan_cuda config";
  // A newer program has more keys.
  std::string newer = to_toml(config_);
  newer.insert(newer.find("[model]\n") + 8, "wings = 2\n");
  write_text(run.config_file(), newer);
  EXPECT_TRUE(is_run_folder(run.path()));
}

// While a run is trained, its checkpoint must not be chosen.
TEST_F(RunFolders, FollowARenamedFolderAndNoticeADeletedOne) {
  const RunFolder run = run_with({160}), copy = run;
  EXPECT_FALSE(run.follow());
  const RunLock lock(run);
  EXPECT_FALSE(run.follow());
  const fs::path moved = folder_ / "moved";
  const fs::path before = run.path();
  fs::rename(before, moved);
  fs::create_directory(before);  // another folder of that name
  EXPECT_TRUE(run.follow());
  EXPECT_EQ(copy.path(), fs::canonical(moved));
  EXPECT_FALSE(run.follow());
  fs::remove_all(moved);
  EXPECT_NE(error_of<RunFolderLost>([&] { run.follow(); }).find("was deleted while training"),
            std::string::npos);
}

TEST_F(RunFolders, ThingsThatAreNotFilesAreRejectedUnderNamesOfARun) {
  for (const char* name : {"log.txt", "stats.jsonl", "latest.safetensors", "config.toml",
                           "checkpoint-000320.safetensors", "reals.png"}) {
    for (const int kind : {0, 1, 2}) {
      const RunFolder run = run_with({160});
      const fs::path path = run.path() / name;
      fs::remove(path);
      if (kind == 0) {
        ASSERT_EQ(::mkfifo(path.c_str(), 0666), 0);
      }
      if (kind == 1) fs::create_directory(path);
      if (kind == 2) fs::create_symlink("nowhere", path);
      const std::string error = error_of<IoError>([&] { run.check_names(); });
      EXPECT_NE(error.find(std::string(name) + "' is a"), std::string::npos) << error;
    }
  }
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
  write_text(run.path() / "notes.tmp-99", "a user's");
  const pid_t child = ::fork();
  if (child == 0) {  // dies while it writes a checkpoint
    AtomicFile file(run.checkpoint_file(320000));
    file.write("half");
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  const auto entries = [&] {
    return std::distance(fs::directory_iterator(run.path()), fs::directory_iterator());
  };
  EXPECT_EQ(entries(), 4);
  run.remove_leftovers();
  EXPECT_EQ(entries(), 3);
  EXPECT_TRUE(fs::exists(run.path() / "notes.tmp-99"));
  EXPECT_TRUE(fs::exists(run.checkpoint_file(160000)));
  EXPECT_TRUE(fs::exists(run.config_file()));
}

TEST(DataSlug, KeepsThePlainPartOfAName) {
  EXPECT_EQ(data_slug("/path/to/My Leaves.zip"), "My-Leaves");
  EXPECT_EQ(data_slug("/path/to/leaves/"), "leaves");
  EXPECT_EQ(data_slug("train-images-idx3-ubyte.gz"), "train-images-idx3-ubyte");
  EXPECT_EQ(data_slug("builtin:shapes:4096"), "builtin-shapes-4096");
  EXPECT_EQ(data_slug("."), data_slug(std::filesystem::current_path().string()));
  EXPECT_EQ(data_slug("/"), "data");
  EXPECT_EQ(data_slug("\xe8\x91\x89"), "\xe8\x91\x89");  // letters of all scripts
  EXPECT_EQ(data_slug("M\xc3\xbcller\xc2\xa0"
                      "2"),
            "M\xc3\xbcller-2");  // no-break space
  EXPECT_EQ(data_slug("a\xe2\x80\xae"
                      "b\xff"
                      "c\x1b[1m"),
            "a-b-c-1m");  // reorders, no UTF-8
  EXPECT_EQ(data_slug(std::string(100, 'a')).size(), 40u);
  EXPECT_EQ(data_slug(std::string(39, 'a') + "\xe8\x91\x89").size(), 39u);  // never half of one
}

}  // namespace
}  // namespace pg
