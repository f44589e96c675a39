// soak_test.cpp: a run interrupted many times, in every known way, ends with the same files as an
// uninterrupted one.
//
// PROGAN_SOAK_KILLS (8) is the number of interruptions; 100 takes some minutes. PROGAN_SOAK_SEED
// repeats the faults of an earlier run, which printed its seed.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "model/run/set_aside.h"
#include "model/run/stats.h"
#include "tests/apps/program.h"
#include "tests/paths.h"
#include "tests/soak/faulty_life.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDiskBytes = int64_t{24} << 20;
const char* const kRun = "runs/00000-builtin-shapes-64-official-tf-16";

enum Fault : int { kill_9, terminate, interrupt, full_disk, bad_checkpoint, bad_cache, torn_stats };
constexpr int kFaults = 7;
constexpr const char* kNames[kFaults] = {
    "kill -9", "TERM", "INT", "full disk", "damaged checkpoint", "damaged cache", "torn stats"};

class Soak : public testing::Test {
 protected:
  Soak()
      : kills_(number_from("PROGAN_SOAK_KILLS", 8)),
        seed_(number_from("PROGAN_SOAK_SEED", static_cast<int64_t>(std::random_device{}()))),
        random_(static_cast<uint64_t>(seed_)) {
    for (const char* name : {"whole", "killed"}) fs::create_directories(box_ / name);
    setenv("XDG_CACHE_HOME", "cache", 1);
    setenv("OMP_WAIT_POLICY", "passive", 1);
  }

  // Arguments of a new run with five stages up to 16x16, longer for more kills.
  std::vector<std::string> new_run() const {
    const double stage = 2.0 * static_cast<double>(std::max<int64_t>(kills_, 8)) / 8.0;
    const auto set = [](const std::string& key, const auto& value) {
      return message("--set=", key, "=", value);
    };
    return {"train",
            "--data=builtin:shapes:64",
            "--resolution=16",
            "--threads=1",
            message("--kimg=", 5.0 * stage),
            set("schedule.lod_training_kimg", stage),
            set("schedule.lod_transition_kimg", stage),
            set("schedule.max_minibatch", 8),
            "--set=schedule.tick_kimg={}",
            set("schedule.tick_kimg_base", stage / 5.0),
            set("checkpoint.every_kimg", stage / 3.0),
            set("checkpoint.every_minutes", 0.005),
            set("model.fmap_base", 64),
            set("model.latent_size", 16),
            set("train.image_grid", "2x2"),
            set("guard.every", 16)};
  }

  double run_whole() {
    const auto start = std::chrono::steady_clock::now();
    Child child(program(), new_run(), box_ / "whole", box_ / "whole.txt");
    EXPECT_EQ(child.wait(), 0) << box_.read("whole.txt");
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  RunFolder run() const { return RunFolder(box_ / "killed" / kRun); }
  std::string screen() const { return box_.read("screen.txt"); }

  int64_t images() const {
    const NewestCheckpoint newest = newest_checkpoint(run());
    return newest.path ? checkpoint_images(*newest.path) : 0;
  }

  // Resumes, which must use the newest undamaged checkpoint, and disturbs the run.
  void run_disturbed(Fault fault, double seconds);
  void disturb(Fault fault, Child& child, double seconds);
  void damage_files(Fault fault);

  Sandbox box_;
  int64_t kills_, seed_;
  std::mt19937_64 random_;
  bool small_disk_ = false;
  int noticed_ = 0;  // full disks that made a write fail
};

void Soak::run_disturbed(Fault fault, double seconds) {
  const NewestCheckpoint newest = newest_checkpoint(run());
  const std::vector<std::string> arguments =
      newest.path ? std::vector<std::string>{"train", "--resume"} : new_run();
  // Without a small disk, files are limited to 16 KB; statistics are shorter than that.
  const int64_t limit = fault == full_disk && !small_disk_ ? 16 << 10 : 0;
  Child child(program(), arguments, box_ / "killed", box_ / "screen.txt", {.file_limit = limit});
  const std::string expected = newest.path ? "resumed from" : "run folder";
  const auto started = [&] {
    const size_t at = screen().find(expected);
    return at != std::string::npos && screen().find('\n', at) != std::string::npos;
  };
  child.run_for(60, started);
  if (newest.path) {
    EXPECT_NE(
        screen().find("resumed from " + std::string(kRun) + "/" + newest.path->filename().string()),
        std::string::npos)
        << "not from " << *newest.path << ": " << screen();
  }
  disturb(fault, child, seconds);
  damage_files(fault);
}

void Soak::disturb(Fault fault, Child& child, double seconds) {
  const fs::path ballast = box_ / "killed" / "runs" / "ballast";
  if (fault == full_disk && small_disk_) {
    child.run_for(seconds / 2);
    fill_disk(ballast);
  }
  const bool alive = child.run_for(seconds);
  if (fault == full_disk && !alive) {
    // It has finished; with the disk still full, it could not write its last checkpoint.
    const bool unwritten = screen().find("progan_cuda: cannot write ") != std::string::npos;
    EXPECT_EQ(child.wait(), unwritten ? 1 : 0) << screen();
  }
  if (fault == terminate || fault == interrupt) {
    const int64_t before = images();
    child.signal(fault == terminate ? SIGTERM : SIGINT);
    EXPECT_EQ(child.wait(), 0) << screen();
    EXPECT_GE(images(), before);
  } else {
    child.signal(SIGKILL);
    child.wait();
  }
  fs::remove(ballast);
  if (fault == full_disk && screen().find("training continues") != std::string::npos) ++noticed_;
}

void Soak::damage_files(Fault fault) {
  const NewestCheckpoint newest = newest_checkpoint(run());
  if (fault == bad_checkpoint && newest.path &&
      newest_checkpoint(run(), checkpoint_images(*newest.path)).path) {
    damage(*newest.path, random_);
  }
  if (fault == torn_stats && fs::exists(run().stats_file())) {
    std::ofstream(run().stats_file(), std::ios::app) << "{\"kimg\":0.1,\"sta";
  }
  if (fault != bad_cache) return;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(box_ / "killed" / "cache")) {
    if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path());
  }
  if (files.empty()) return;
  std::sort(files.begin(), files.end());
  const fs::path& file = files[random_() % files.size()];
  // Truncation only: an image with a flipped bit is still a valid image.
  fs::resize_file(file, random_() % fs::file_size(file));
}

// Contents by name; statistics without "timing".
std::map<std::string, std::string> files_of(const fs::path& run) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    if (name == "log.txt" || name == "stats.jsonl" || name.starts_with(kSetAside)) continue;
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    files[name] = text.str();
  }
  for (const std::string& text : read_stats(run / "stats.jsonl")) {
    auto line = nlohmann::ordered_json::parse(text);
    line.erase("timing");
    files["stats.jsonl"] += line.dump() + "\n";
  }
  return files;
}

TEST_F(Soak, InterruptedRunEndsWithTheFilesOfAnUninterruptedOne) {
  const double whole_seconds = run_whole();
  ASSERT_FALSE(HasFailure());
  std::string reason;
  fs::create_directories(box_ / "killed/runs");
  small_disk_ = mount_small_disk(box_ / "killed/runs", kDiskBytes, reason);
  std::cout << "seed " << seed_ << ", " << kills_ << " kills, uninterrupted in " << whole_seconds
            << " s; full disks are simulated by "
            << (small_disk_ ? "a small disk" : "a limit on file sizes, because: " + reason) << "\n";
  const auto total = static_cast<double>(
      checkpoint_images(*newest_checkpoint(RunFolder(box_ / "whole" / kRun)).path));
  std::map<std::string, int> deaths, stages;
  for (int64_t k = 0; k < kills_; ++k) {
    const double left = 1.0 - static_cast<double>(images()) / total;
    const double mean = left * whole_seconds / static_cast<double>(kills_ - k + 1);
    const auto fault =
        static_cast<Fault>(k < kFaults ? k : static_cast<int64_t>(random_() % kFaults));
    run_disturbed(fault, std::uniform_real_distribution<double>(0.2, 1.8)(random_) * mean);
    ++deaths[kNames[fault]];
    ++stages[message("stage ", 1 + images() * 5 / static_cast<int64_t>(total + 1))];
    ASSERT_FALSE(HasFailure()) << "interruption " << k << ": " << kNames[fault];
  }
  for (const auto& counts : {deaths, stages}) {
    for (const auto& [name, count] : counts) std::cout << name << ": " << count << "\n";
  }
  std::cout << "full disks that made a write fail: " << noticed_ << "\n";
  if (kills_ >= 50) {
    EXPECT_GT(noticed_, 0);
    EXPECT_EQ(stages.size(), 5u) << "not every stage was interrupted";
  }
  Child last(program(), {"train", "--resume"}, box_ / "killed", box_ / "screen.txt");
  ASSERT_EQ(last.wait(), 0) << screen();
  const auto whole = files_of(box_ / "whole" / kRun), killed = files_of(run().path());
  for (const auto& [name, text] : whole) {
    ASSERT_TRUE(killed.contains(name)) << name;
    EXPECT_TRUE(killed.at(name) == text) << name << " differs";
  }
  for (const auto& [name, text] : killed) EXPECT_TRUE(whole.contains(name)) << name;
}

}  // namespace
}  // namespace pg::test
