// memory_group_test.cpp: training in a group of processes with little memory.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/apps/program.h"
#include "tests/paths.h"

namespace pg::test {
namespace {

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

namespace fs = std::filesystem;

// A control group of version 1 or 2 whose processes have at most 512 MiB; empty path: not allowed.
class MemoryGroup {
 public:
  MemoryGroup() {
    for (const auto& [mount, limit] : {std::pair{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
                                       std::pair{"/sys/fs/cgroup", "memory.max"}}) {
      const fs::path folder = fs::path(mount) / ("progan-" + std::to_string(::getpid()));
      std::error_code error;
      if (!fs::create_directory(folder, error) || error) continue;
      std::ofstream out(folder / limit);
      if (fs::exists(folder / limit) && (out << (512 << 20) << std::flush)) {
        path_ = folder;
        return;
      }
      ::rmdir(folder.c_str());
    }
  }
  ~MemoryGroup() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  const fs::path& path() const { return path_; }
  // For Sandbox::run.
  std::string enter() const {
    return "sh -c 'echo $$ > " + (path_ / "cgroup.procs").string() + " && exec \"$@\"' sh";
  }

 private:
  fs::path path_;
};

std::string at_64x64(const std::string& more) {
  return "train --resolution 64 --data builtin:shapes:64 --set schedule.lod_initial_resolution=64 "
         "--set schedule.lod_training_kimg=0.032 --set train.image_grid=2x2 --kimg 0.064 " +
         more;
}

// A process that needs more than its group has is killed, which the shell reports as 137.
TEST(MemoryGroup, TrainingIsPlannedForItOrRejectedButNeverKilled) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer takes memory that no plan can know";
#endif
  const MemoryGroup group;
  if (group.path().empty()) GTEST_SKIP() << "control groups cannot be created here";
  const Sandbox box;
  const Outcome split =
      box.run(at_64x64("--set model.fmap_base=2048 --set model.fmap_max=192"), group.enter());
  EXPECT_EQ(split.code, 0) << split.err;
  const std::string log = box.read("runs/00000-builtin-shapes-64-official-tf-64/log.txt");
  EXPECT_HAS(log, "images are computed at a time at 64x64");
  EXPECT_HAS(log, "of them stay free)");
  const Outcome rejected = box.run(at_64x64(""), group.enter());
  EXPECT_EQ(rejected.code, 1);
  EXPECT_HAS(rejected.err, "but the limit is ");
}

TEST(MemoryGroup, TheTrainerOffersItselfToTheOomKiller) {
  const Sandbox box;
  const int status = std::system(
      ("cd '" + box.path().string() + "' && { XDG_CACHE_HOME=cache '" + program() + "' " +
       tiny("--set checkpoint.every_minutes=0 --quiet") +
       " & pid=$!; for k in $(seq 200); do score=$(cat /proc/$pid/oom_score_adj); "
       "[ \"$score\" = 500 ] && break; sleep 0.05; done; kill -9 $pid; echo $score > score.txt; }")
          .c_str());
  EXPECT_EQ(status, 0);
  EXPECT_EQ(box.read("score.txt"), "500\n");
}

}  // namespace
}  // namespace pg::test
