// session_test.cpp: a selftest whose child processes crash, hang or end early. Scripts take the
// place of the program.
#include "model/selftest/session.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kernels/error.h"
#include "tests/model/temporary_folder.h"

namespace pg::selftest {
namespace {

// Runs with a shell script as the program; its $1 .. are the arguments of a child, $3 the index of
// the first check.
class SelftestSession : public TemporaryFolder {
 protected:
  void TearDown() override {
    unsetenv("PROGAN_CUDA_PROGRAM");
    unsetenv("PROGAN_SELFTEST_LIMIT");
    TemporaryFolder::TearDown();
  }

  void script(const std::string& text) const {
    const std::filesystem::path path = folder_ / "program";
    std::ofstream(path) << "#!/bin/sh\nfirst=$3\ncd '" << folder_.string() << "'\n"
                        << R"(echo "$@" >> arguments
start() { echo "{\"start\":$1,\"group\":\"$2\",\"name\":\"check $1\",\"family\":\"$3\"}"; }
end() { echo "{\"end\":$1,\"verdict\":\"$2\",\"error\":1,\"bound\":2,\"detail\":\"why\"}"; }
echo '{"device":"a card","checks":4,"too_large":1}'
)" << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    setenv("PROGAN_CUDA_PROGRAM", path.c_str(), 1);
    setenv("PROGAN_SELFTEST_LIMIT", "60", 1);
  }

  // The arguments of each child.
  std::vector<std::string> calls() const {
    std::vector<std::string> lines;
    std::ifstream in(folder_ / "arguments");
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
};

std::string text_of(const Report& report) {
  const char* const verdicts[] = {"passed", "failed", "skipped"};
  std::string text;
  for (const Outcome& o : report.list) {
    text += o.name + " " + verdicts[static_cast<int>(o.verdict)] + ": " + o.detail + "\n";
  }
  return text;
}

TEST_F(SelftestSession, GathersTheResultsOfAChild) {
  script(
      "start 0 ops ''; end 0 passed; start 5 tiles 'wgrad bf16'; end 5 failed\n"
      "start 6 ops ''; end 6 skipped; echo '{\"done\":true}'\n");
  int told = 0;
  const Report report = run_session(
      {.device = "cuda:0", .extent = Extent::quick, .on_outcome = [&](const Outcome&) { ++told; }});
  EXPECT_EQ(told, 3);
  EXPECT_EQ(report.device, "a card");
  EXPECT_EQ(report.too_large, 1);
  EXPECT_TRUE(report.complete);
  EXPECT_FALSE(report.passed());
  EXPECT_EQ(text_of(report), "check 0 passed: why\ncheck 5 failed: why\ncheck 6 skipped: why\n");
  EXPECT_EQ(report.failed_families().text(), "wgrad bf16");
  EXPECT_TRUE(report.failed_exact().empty());
  ASSERT_EQ(calls().size(), 1u);
  EXPECT_EQ(calls()[0], "selftest --child 0 --device cuda:0 --quick");
}

TEST_F(SelftestSession, ACheckThatCrashesFailsAndTheRestRuns) {
  script(
      "if [ $first = 0 ]; then start 0 ops ''; end 0 passed; start 1 tiles 'fprop tf32'; kill "
      "-SEGV "
      "$$; fi\n"
      "start 2 ops ''; end 2 passed; echo '{\"done\":true}'\n");
  const Report report = run_session({.device = "cuda:0"});
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(text_of(report),
            "check 0 passed: why\n"
            "check 1 failed: its process ended with signal 11 (Segmentation fault)\n"
            "check 2 passed: why\n");
  ASSERT_EQ(calls().size(), 2u);
  EXPECT_EQ(calls()[1], "selftest --child 2 --device cuda:0 --left-out fprop tf32 --without tiles");
}

TEST_F(SelftestSession, ACheckThatHangsIsKilledAndNamed) {
  script(
      "if [ $first = 0 ]; then start 0 ops ''; end 0 passed; start 1 sums ''; exec sleep 600; fi\n"
      "start 2 ops ''; end 2 passed; echo '{\"done\":true}'\n");
  setenv("PROGAN_SELFTEST_LIMIT", "2", 1);
  const Report report = run_session({.device = "cuda:0"});
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(text_of(report),
            "check 0 passed: why\n"
            "check 1 failed: hung: it did not end within 2 seconds\n"
            "check 2 passed: why\n");
  ASSERT_EQ(report.failed_exact().size(), 1u);
  EXPECT_EQ(report.failed_exact()[0].name, "check 1");
}

// As after a sticky error of CUDA, which the child reports before it ends.
TEST_F(SelftestSession, AChildThatEndsAfterAFailureIsFollowedByAnother) {
  script(
      "if [ $first = 0 ]; then start 0 tiles 'wgrad tf32'; end 0 failed; exit 0; fi\n"
      "start 1 ops ''; end 1 passed; echo '{\"done\":true}'\n");
  const Report report = run_session({.device = "cuda:0"});
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.count(Verdict::passed), 1);
  EXPECT_EQ(report.count(Verdict::failed), 1);
}

TEST_F(SelftestSession, StopsAtAFailureWithoutReplacement) {
  script(
      "start 0 tiles 'wgrad tf32'; end 0 failed; start 1 ops ''; end 1 failed\n"
      "start 2 ops ''; end 2 passed; echo '{\"done\":true}'\n");
  const Report report = run_session({.device = "cuda:0", .stops_at_exact_failure = true});
  EXPECT_FALSE(report.complete);
  EXPECT_EQ(report.list.size(), 2u);
  EXPECT_EQ(report.failed_exact().size(), 1u);
}

TEST_F(SelftestSession, ADeviceThatCannotBeOpenedIsAnError) {
  script("exit 1\n");
  EXPECT_THROW(run_session({.device = "cuda:0"}), DeviceError);
}

// Whatever a child prints beside its reports.
TEST_F(SelftestSession, IgnoresOtherLines) {
  script(
      "echo hello; echo '[1]'; echo '{\"end\":3}'; start 0 ops ''; end 0 passed\n"
      "echo '{\"done\":true}'\n");
  const Report report = run_session({.device = "cpu"});
  EXPECT_TRUE(report.passed());
  EXPECT_EQ(report.list.size(), 1u);
}

}  // namespace
}  // namespace pg::selftest
