// autotune_test.cpp: the choice between candidates, and its file.
#include "kernels/cuda/autotune/autotune.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "tests/cuda/environment.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;
using cuda::Autotune;
using cuda::Autotuner;

// Scripted candidate times: the runs of candidate i take the times of row i; the last one repeats.
struct Script {
  std::vector<std::vector<double>> seconds;
  bool ready = true;
  std::vector<int> runs = std::vector<int>(16, 0);
  int last = 0;  // the candidate that ran last

  std::function<void(int)> run() {
    return [this](int i) {
      last = i;
      ++runs[static_cast<size_t>(i)];
    };
  }
  int all_runs() const {
    int sum = 0;
    for (int n : runs) sum += n;
    return sum;
  }
};

class ScriptTimer : public cuda::TrialTimer {
 public:
  explicit ScriptTimer(Script& script) : script_(script) {}
  bool ready() override { return script_.ready; }
  double seconds(const std::function<void()>& work) override {
    work();
    const auto& row = script_.seconds[static_cast<size_t>(script_.last)];
    const auto run = static_cast<size_t>(script_.runs[static_cast<size_t>(script_.last)] - 1);
    return row[std::min(run, row.size() - 1)];
  }

 private:
  Script& script_;
};

Autotuner tuner(Script& script, const std::string& path = "", Autotune mode = Autotune::on) {
  return {mode, std::make_unique<ScriptTimer>(script), path};
}

class AutotuneFileTest : public ::testing::Test {
 protected:
  std::string contents() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  TestFolder folder_;
  std::string path_ = (folder_.path() / "progan_cuda" / "autotune.txt").string();
};

TEST(Autotune, FastestIsChosenAndRemembered) {
  Script script{.seconds = {{3.0}, {1.0}, {2.0}}};
  Autotuner t = tuner(script);
  EXPECT_EQ(t.choose("conv", 3, script.run()), 1);
  EXPECT_EQ(script.all_runs(), 3 * (1 + 3));
  EXPECT_EQ(t.choose("conv", 3, script.run()), 1);
  EXPECT_EQ(script.all_runs(), 3 * (1 + 3));
}

TEST(Autotune, WarmUpAndOneOutlierDoNotCount) {
  Script script{.seconds = {{2.0}, {9.0, 1.0, 9.0, 1.0}}};
  Autotuner t = tuner(script);
  EXPECT_EQ(t.choose("conv", 2, script.run()), 1);
}

TEST(Autotune, TiesChooseTheFirst) {
  Script script{.seconds = {{1.0}, {1.0}}};
  Autotuner t = tuner(script);
  EXPECT_EQ(t.choose("conv", 2, script.run()), 0);
}

TEST(Autotune, OffChoosesTheFirstWithoutRunning) {
  Script script{.seconds = {{3.0}, {1.0}}};
  Autotuner t = tuner(script, "", Autotune::off);
  EXPECT_FALSE(t.would_time("conv", 2));
  EXPECT_EQ(t.choose("conv", 2, script.run()), 0);
  EXPECT_EQ(script.all_runs(), 0);
}

TEST(Autotune, SingleCandidateIsNotTimed) {
  Script script{.seconds = {{3.0}}};
  Autotuner t = tuner(script);
  EXPECT_EQ(t.choose("conv", 1, script.run()), 0);
  EXPECT_EQ(script.all_runs(), 0);
}

TEST(Autotune, TimesNothingUntilTheTimerIsReady) {
  Script script{.seconds = {{3.0}, {1.0}}, .ready = false};
  Autotuner t = tuner(script);
  EXPECT_EQ(t.choose("conv", 2, script.run()), 0);
  EXPECT_EQ(script.all_runs(), 0);
  script.ready = true;
  EXPECT_TRUE(t.would_time("conv", 2));
  EXPECT_EQ(t.choose("conv", 2, script.run()), 1);
  script.ready = false;
  EXPECT_EQ(t.choose("conv", 2, script.run()), 1);
}

TEST_F(AutotuneFileTest, ChoicesPersist) {
  Script script{.seconds = {{3.0}, {1.0}}};
  EXPECT_EQ(tuner(script, path_).choose("conv x [1, 2, 3, 4]", 2, script.run()), 1);
  EXPECT_EQ(contents(), "2 1 conv x [1, 2, 3, 4]\n");
  Script slower{.seconds = {{1.0}, {3.0}}};
  EXPECT_EQ(tuner(slower, path_).choose("conv x [1, 2, 3, 4]", 2, slower.run()), 1);
  EXPECT_EQ(slower.all_runs(), 0);
}

TEST_F(AutotuneFileTest, NewNumberOfCandidatesIsTimedAgain) {
  Script script{.seconds = {{3.0}, {1.0}, {0.5}}};
  tuner(script, path_).choose("conv", 2, script.run());
  EXPECT_EQ(tuner(script, path_).choose("conv", 3, script.run()), 2);
  EXPECT_EQ(contents(), "3 2 conv\n");
}

TEST_F(AutotuneFileTest, CorruptLinesAreIgnored) {
  fs::create_directories(fs::path(path_).parent_path());
  std::ofstream(path_) << "\n2\n2 1\nnonsense\n2 1 good\n2 2 beyond\n2 -1 below\n0 0 none\n"
                       << "1 x letter\n2 1 cut off";
  Script script{.seconds = {{1.0}, {3.0}}};
  Autotuner t = tuner(script, path_);
  EXPECT_EQ(t.choose("good", 2, script.run()), 1);
  EXPECT_EQ(script.all_runs(), 0);
  EXPECT_EQ(t.choose("beyond", 2, script.run()), 0);
  EXPECT_EQ(t.choose("below", 2, script.run()), 0);
  EXPECT_EQ(script.all_runs(), 2 * 2 * (1 + 3));
  EXPECT_EQ(contents(), "2 0 below\n2 0 beyond\n2 1 cut off\n2 1 good\n");
}

TEST_F(AutotuneFileTest, ChoicesOfAnotherProgramAreKept) {
  Script script{.seconds = {{3.0}, {1.0}}};
  Autotuner one = tuner(script, path_), other = tuner(script, path_);
  one.choose("a", 2, script.run());
  other.choose("b", 2, script.run());
  one.choose("c", 2, script.run());
  EXPECT_EQ(contents(), "2 1 a\n2 1 b\n2 1 c\n");
  int files = 0;
  for ([[maybe_unused]] const auto& file : fs::directory_iterator(fs::path(path_).parent_path())) {
    ++files;
  }
  EXPECT_EQ(files, 1);
}

// The name belongs to something else, which is neither read nor replaced.
TEST_F(AutotuneFileTest, OtherThingsUnderItsNameAreLeftAlone) {
  fs::create_directories(fs::path(path_).parent_path());
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  Script script{.seconds = {{3.0}, {1.0}}};
  Autotuner t = tuner(script, path_);
  EXPECT_EQ(t.choose("conv", 2, script.run()), 1);
  EXPECT_TRUE(fs::is_fifo(path_));
  fs::remove(path_);
  fs::create_symlink("elsewhere.txt", path_);
  EXPECT_EQ(t.choose("b", 2, script.run()), 1);
  EXPECT_TRUE(fs::is_symlink(path_));
  EXPECT_EQ(contents(), "2 1 b\n2 1 conv\n");
}

TEST_F(AutotuneFileTest, UncreatableFolderIsNotAnError) {
  std::ofstream(folder_.path() / "progan_cuda") << "a file in place of the folder";
  Script script{.seconds = {{3.0}, {1.0}}};
  Autotuner t = tuner(script, path_);
  EXPECT_EQ(t.choose("conv", 2, script.run()), 1);
  EXPECT_EQ(t.choose("conv", 2, script.run()), 1);
  EXPECT_EQ(script.all_runs(), 2 * (1 + 3));
}

TEST(AutotunePath, NamesEverythingThatAffectsTheChoice) {
  const Variable cache("XDG_CACHE_HOME", "/path/to/cache");
  EXPECT_EQ(cuda::autotune_path({"NVIDIA H200/x", "13000", "13000-cudnn9.19.0"}),
            "/path/to/cache/progan_cuda/autotune-NVIDIA_H200_x-13000-13000-cudnn9.19.0-2.txt");
}

TEST(AutotunePath, IsInTheHomeFolderIfThereIsOne) {
  const Variable cache("XDG_CACHE_HOME", {});
  {
    const Variable home("HOME", "/path/to/home");
    EXPECT_EQ(cuda::autotune_path({"a", "1", "2"}),
              "/path/to/home/.cache/progan_cuda/autotune-a-1-2-2.txt");
  }
  const Variable no_home("HOME", {});
  EXPECT_EQ(cuda::autotune_path({"a", "1", "2"}), "");
}

}  // namespace
}  // namespace pg::test
