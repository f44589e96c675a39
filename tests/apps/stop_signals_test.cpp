// stop_signals_test.cpp: signals that end a program lose nothing.
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

// Would train for hours.
std::string endless() { return tiny("--kimg 100000"); }

// Runs the program, sends it a signal when the shell's CONDITION holds, and ends with its exit
// code.
std::string signalled(const Sandbox& box, const std::string& signal, const std::string& condition) {
  box.write("send.sh",
            "\"$@\" & pid=$!\n"
            "until " +
                condition +
                "; do sleep 0.05; kill -0 $pid || break; done >/dev/null 2>&1\n"
                "kill -" +
                signal + " $pid; wait $pid\n");
  return "sh send.sh";
}

fs::path only_run(const Sandbox& box) { return fs::directory_iterator(box / "runs")->path(); }

std::string log_of(const Sandbox& box) {
  return box.read(fs::relative(only_run(box) / "log.txt", box.path()).string());
}

TEST(StopSignals, EndTrainingWithACheckpoint) {
  for (const char* signal :
       {"TERM", "HUP", "PIPE", "USR1", "USR2", "XCPU", "ALRM", "VTALRM", "PROF"}) {
    const Sandbox box;
    const Outcome o = box.run(endless(), signalled(box, signal, "ls runs/*/latest.safetensors"));
    EXPECT_EQ(o.code, 0) << signal << ": " << o.err;
    EXPECT_NE(log_of(box).find("stopped at "), std::string::npos) << signal << log_of(box);
    EXPECT_TRUE(fs::exists(only_run(box) / "latest.safetensors")) << signal;
  }
}

// A handler in a thread that computes would destroy what oneDNN keeps below the stack pointer.
TEST(StopSignals, AreBlockedByEveryThreadButOne) {
  const Sandbox box;
  const Outcome o =
      box.run(endless(), signalled(box, "TERM",
                                   "ls runs/*/latest.safetensors && "
                                   "grep -h SigBlk /proc/$pid/task/*/status >masks.txt"));
  EXPECT_EQ(o.code, 0) << o.err;
  std::istringstream lines(box.read("masks.txt"));
  int64_t blocked = 0, open = 0;
  for (std::string name, mask; lines >> name >> mask;) {
    const uint64_t bits = std::stoull(mask, nullptr, 16);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
      (bits >> (signal - 1) & 1 ? blocked : open) += 1;
    }
  }
  EXPECT_EQ(open, 4) << box.read("masks.txt");
  EXPECT_GE(blocked, 4) << box.read("masks.txt");
}

TEST(StopSignals, EndTheProgramAtOnceBeforeThereIsAnythingToSave) {
  for (const char* signal : {"TERM", "USR1"}) {
    const Sandbox box;
    const Outcome o = box.run("gradcheck --device cpu", signalled(box, signal, "sleep 0.3"));
    EXPECT_GT(o.code, 128) << signal << ": " << o.err;
  }
}

TEST(StopSignals, ReaderOfTheConsoleThatEndsStopsTraining) {
  const Sandbox box;
  const Outcome o = box.run(endless(), "bash -c 'set -o pipefail; \"$@\" 2>&1 | head -1' -");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(log_of(box).find("stopped at "), std::string::npos) << log_of(box);
}

TEST(StopSignals, IgnoredSignalsStayIgnored) {
  const Sandbox box;
  const Outcome o =
      box.run(tiny(), "bash -c 'trap \"\" PIPE; set -o pipefail; \"$@\" 2>&1 | head -1' -");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(log_of(box).find("finished at "), std::string::npos) << log_of(box);
}

TEST(StopSignals, EndOtherCommandsWithoutLeftovers) {
  for (const char* signal : {"TERM", "USR1", "XCPU"}) {
    const Sandbox box;
    const Outcome built =
        box.run("dataset build builtin:shapes:200000 --resolution 64 --out new/set",
                signalled(box, signal, "ls -A new | grep ."));
    EXPECT_EQ(built.code, 1) << signal;
    EXPECT_NE(built.err.find("stopped after "), std::string::npos) << built.err;
    EXPECT_FALSE(fs::exists(box / "new")) << signal;
  }
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const Outcome o =
      box.run("generate --seeds 0-99999 --out new/all.npy --from " + only_run(box).string(),
              signalled(box, "TERM", "ls -A new | grep ."));
  EXPECT_EQ(o.code, 1) << o.err;
  EXPECT_NE(o.err.find("stopped after "), std::string::npos) << o.err;
  EXPECT_FALSE(fs::exists(box / "new"));
}

}  // namespace
}  // namespace pg::test
