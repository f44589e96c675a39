// deaths_test.cpp: commands that die, in every known way, lose nothing of the user's, leave nothing
// behind that blocks, and produce the same results when run again.
//
// PROGAN_SOAK_DEATHS (60) is the number of deaths; 1000 take some minutes. PROGAN_SOAK_SEED repeats
// the deaths of an earlier run, which printed its seed.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "data/sets/dataset.h"
#include "kernels/error.h"
#include "model/run/stats.h"
#include "tests/paths.h"
#include "tests/soak/faulty_life.h"
#include "tests/soak/workshop.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

enum Death : int {
  kill_9,
  terminate,
  broken_pipe,
  full_disk,
  changed_input,
  two_at_once,
  two_containers
};
constexpr int kDeaths = 7;
constexpr const char* kNames[kDeaths] = {"kill -9",       "TERM",          "broken pipe",
                                         "full disk",     "input changed", "two at once",
                                         "two containers"};

// Bugs end a program by one of these.
bool is_crash(int code) {
  static const std::set<int> kCrashes = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
  return code > 128 && kCrashes.contains(code - 128);
}

class Deaths : public testing::Test {
 protected:
  Deaths()
      : deaths_(number_from("PROGAN_SOAK_DEATHS", 60)),
        seed_(number_from("PROGAN_SOAK_SEED", static_cast<int64_t>(std::random_device{}()))),
        random_(static_cast<uint64_t>(seed_)) {
    setenv("XDG_CACHE_HOME", "cache", 1);
    setenv("OMP_WAIT_POLICY", "passive", 1);
  }

  const Sandbox& box() const { return shop_.box(); }
  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }
  Child start(const std::vector<std::string>& arguments, const Surroundings& around = {}) const {
    return {program(), arguments, box().path(), box() / "screen.txt", around};
  }

  // Causes a death at a random moment of a process that takes `seconds`.
  void die(Death death, const std::vector<std::string>& arguments, double seconds);
  void end_full_disk(const std::vector<std::string>& arguments, double seconds);
  void end_two(const std::vector<std::string>& arguments, double seconds, bool own_pids);
  void finish(Child& child);

  void disturb(const Job& job, Death death);
  void expect_whole(const Job& job, const Contents& before, Death death) const;
  void expect_repeatable(const Job& job);
  void expect_users_files_kept() const { EXPECT_EQ(shop_.users_files(), users_files_); }

  // Training, which is resumed until it ends.
  std::vector<std::string> train_arguments(const std::string& out) const;
  void disturb_training(Death death);
  void expect_same_run() const;

  Workshop shop_;
  Contents users_files_ = shop_.users_files();
  int64_t deaths_, seed_;
  std::mt19937_64 random_;
  double train_seconds_ = 0;
  int finished_runs_ = 0;
  std::map<std::string, int> counts_;
};

void Deaths::finish(Child& child) {
  EXPECT_TRUE(child.run_for(120) == false) << "still running after two minutes";
  const int code = child.wait();
  EXPECT_FALSE(is_crash(code)) << "ended by signal " << code - 128 << ": "
                               << box().read("screen.txt");
  if (code == Child::kNoNamespaces) ++counts_["two containers were not permitted"];
  ++counts_[message("exit code ", code)];
}

void Deaths::end_full_disk(const std::vector<std::string>& arguments, double seconds) {
  // Between nothing and most of what the job writes still fits.
  const fs::path ballast = box() / "out" / "ballast";
  const auto room = static_cast<int64_t>(uniform(0, 1) * uniform(0, 1) * 400e3);
  if (shop_.small_disk()) {
    fill_disk(ballast);
    fs::resize_file(ballast,
                    std::max<int64_t>(0, static_cast<int64_t>(fs::file_size(ballast)) - room));
  }
  Child child =
      start(arguments, {.file_limit = shop_.small_disk() ? 0 : std::max<int64_t>(room, 1)});
  child.run_for(arguments[0] == "train" ? seconds : 120);
  if (child.running()) child.signal(SIGKILL);
  finish(child);
  fs::remove(ballast);
}

void Deaths::end_two(const std::vector<std::string>& arguments, double seconds, bool own_pids) {
  const Surroundings around{.own_pids = own_pids};
  Child first(program(), arguments, box().path(), box() / "screen.txt", around);
  Child second(program(), arguments, box().path(), box() / "screen2.txt", around);
  if (own_pids || arguments[0] == "train") {
    first.run_for(uniform(0, seconds));
    first.signal(SIGKILL);
    if (arguments[0] == "train") {
      second.run_for(uniform(0, seconds));
      second.signal(SIGTERM);
    }
  }
  finish(first);
  finish(second);
}

void Deaths::die(Death death, const std::vector<std::string>& arguments, double seconds) {
  if (death == full_disk) return end_full_disk(arguments, seconds);
  if (death == two_at_once) return end_two(arguments, seconds, false);
  if (death == two_containers) return end_two(arguments, seconds, true);
  Child child = start(arguments, {.pipe = death == broken_pipe});
  child.run_for(uniform(0, 1.1 * seconds));
  if (death == kill_9) child.signal(SIGKILL);
  if (death == terminate) child.signal(SIGTERM);
  if (death == broken_pipe) child.close_pipe();
  if (death == broken_pipe && arguments[0] == "train" && child.run_for(seconds)) {
    child.signal(SIGTERM);
  }
  finish(child);
}

// A killed process leaves its scratch folder; the next one removes it (expect_repeatable).
bool may_be_left(const std::string& name, Death death) {
  const bool killed = death == kill_9 || death == two_containers;
  return killed && name.starts_with(".progan_cuda-");
}

// Each file of the result is that of before or of the undisturbed job.
void Deaths::expect_whole(const Job& job, const Contents& before, Death death) const {
  const Contents after = contents_of(box() / job.result);
  const Contents& expected = shop_.expected(job);
  const bool one_unit = job.input == "photos";
  if (one_unit) {
    EXPECT_TRUE(before.empty() || !after.empty()) << "the data set has vanished";
    if (after.empty()) return;
    EXPECT_NO_THROW(Dataset(box() / job.result).verify());
    EXPECT_TRUE(after == expected || after == before ||
                (death == changed_input && after == shop_.of_other_photos()))
        << "the data set mixes images of different times";
    return;
  }
  for (const auto& [name, text] : after) {
    if (may_be_left(name, death)) continue;
    const auto found = expected.find(name), old = before.find(name);
    EXPECT_TRUE((found != expected.end() && found->second == text) ||
                (old != before.end() && old->second == text))
        << job.name << " left " << name << " half written or different";
  }
}

void Deaths::expect_repeatable(const Job& job) {
  Child child = start(job.arguments);
  finish(child);
  EXPECT_EQ(child.wait(), 0) << job.name << ": " << box().read("screen.txt");
  EXPECT_TRUE(contents_of(box() / job.result) == shop_.expected(job))
      << job.name << " does not repeat its result";
  EXPECT_EQ(shop_.leftovers(), std::vector<std::string>()) << job.name;
}

void Deaths::disturb(const Job& job, Death death) {
  if (random_() % 2 == 0) fs::remove_all(box() / job.result);
  const Contents before = contents_of(box() / job.result);
  if (death == changed_input) {
    const bool at_once = random_() % 2 == 0;
    if (at_once) shop_.damage_input(job, uniform(0, 1));
    Child child = start(job.arguments);
    child.run_for(uniform(0, job.seconds));
    if (!at_once) shop_.damage_input(job, uniform(0, 1));
    finish(child);
  } else {
    die(death, job.arguments, job.seconds);
  }
  expect_whole(job, before, death);
  shop_.restore_input(job);
  expect_users_files_kept();
  expect_repeatable(job);
  expect_users_files_kept();
}

std::vector<std::string> Deaths::train_arguments(const std::string& out) const {
  return {"train",
          "--data=photos",
          "--out=" + out,
          "--resolution=16",
          "--threads=1",
          "--device=cpu",
          "--kimg=6",
          "--set=schedule.lod_training_kimg=1.2",
          "--set=schedule.lod_transition_kimg=1.2",
          "--set=schedule.max_minibatch=8",
          "--set=schedule.tick_kimg={}",
          "--set=schedule.tick_kimg_base=0.3",
          "--set=checkpoint.every_kimg=0.7",
          "--set=checkpoint.every_minutes=0.002",
          "--set=model.fmap_base=64",
          "--set=model.latent_size=16",
          "--set=train.image_grid=2x2"};
}

// Files of the run in `out`; of the statistics, what does not depend on time.
Contents files_of_run(const fs::path& out) {
  Contents files;
  for (const auto& run : fs::directory_iterator(out)) {
    for (const auto& [name, text] : contents_of(run.path())) {
      if (name == "log.txt" || name == "config.toml" || name.starts_with("superseded-")) continue;
      if (name != "stats.jsonl") files[name] = text;
    }
    for (const std::string& text : read_stats(run.path() / "stats.jsonl")) {
      auto line = nlohmann::ordered_json::parse(text);
      line.erase("timing");
      files["stats.jsonl"] += line.dump() + "\n";
    }
  }
  return files;
}

void Deaths::expect_same_run() const {
  const Contents whole = files_of_run(box() / "undisturbed"),
                 killed = files_of_run(box() / "out/runs");
  for (const auto& [name, text] : whole) {
    ASSERT_TRUE(killed.contains(name)) << name;
    // The configuration in a checkpoint holds the folder of the runs.
    if (name.ends_with(".safetensors")) continue;
    EXPECT_TRUE(killed.at(name) == text) << name << " differs";
  }
  for (const auto& [name, text] : killed) EXPECT_TRUE(whole.contains(name)) << name;
}

void Deaths::disturb_training(Death death) {
  const fs::path runs = box() / "out/runs";
  bool started = false;  // has a checkpoint
  if (fs::exists(runs)) {
    for (const auto& run : fs::directory_iterator(runs)) {
      for (const auto& file : fs::directory_iterator(run)) {
        started = started || file.path().extension() == ".safetensors";
      }
    }
  }
  if (!started) fs::remove_all(runs);
  const std::vector<std::string> arguments =
      started ? std::vector<std::string>{"train", "--resume", "--out=out/runs"}
              : train_arguments("out/runs");
  if (!started && (death == two_at_once || death == two_containers)) death = kill_9;
  if (death == changed_input) {
    // The cached images are truncated while they are used; the cache is built again.
    for (const auto& entry : fs::recursive_directory_iterator(box() / "cache")) {
      if (entry.path().extension() == ".npy" && random_() % 4 == 0) {
        fs::resize_file(entry.path(), random_() % entry.file_size());
      }
    }
    Child child = start(arguments);
    child.run_for(uniform(0, train_seconds_ / 2));
    child.signal(SIGTERM);
    finish(child);
  } else {
    die(death, arguments, train_seconds_ / 2);
  }
  expect_users_files_kept();
  if (!fs::exists(runs)) return;  // it died before it created one
  bool finished = false;
  for (const auto& run : fs::directory_iterator(runs)) {
    finished =
        finished ||
        box().read("out/runs/" + run.path().filename().string() + "/log.txt").find("finished at") !=
            std::string::npos;
  }
  if (!finished) return;
  expect_same_run();
  fs::remove_all(runs);
  ++finished_runs_;
}

TEST_F(Deaths, NothingIsLostAndNothingBlocks) {
  const auto begin = std::chrono::steady_clock::now();
  {
    Child child = start(train_arguments("undisturbed"));
    finish(child);
    ASSERT_EQ(child.wait(), 0) << box().read("screen.txt");
  }
  train_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::cout << "seed " << seed_ << ", " << deaths_ << " deaths, training takes " << train_seconds_
            << " s; full disks are simulated by "
            << (shop_.small_disk() ? "a small disk" : "a limit on file sizes") << "\n";
  for (int64_t k = 0; k < deaths_; ++k) {
    const auto death = static_cast<Death>(k % kDeaths);
    const size_t jobs = shop_.jobs().size(), choice = random_() % (jobs + 2);
    const std::string name = choice < jobs ? shop_.jobs()[choice].name : "train";
    ++counts_[name];
    ++counts_[kNames[death]];
    choice < jobs ? disturb(shop_.jobs()[choice], death) : disturb_training(death);
    ASSERT_FALSE(HasFailure()) << "death " << k << " of " << name << ": " << kNames[death];
  }
  for (const auto& [name, count] : counts_) std::cout << name << ": " << count << "\n";
  std::cout << "runs finished and compared: " << finished_runs_ << "\n";
}

}  // namespace
}  // namespace pg::test
