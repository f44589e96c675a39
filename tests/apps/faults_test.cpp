// faults_test.cpp: the faults of docs/faults.md that stop a training run.
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

// An endless run with iterations long enough to be interrupted twice.
std::string endless() { return tiny("--kimg 100000 --threads 1 --set model.fmap_base=512"); }

// A script that starts the program as $child, waits until its first checkpoint exists, and does
// `then`.
std::string after_start(const Sandbox& box, const std::string& then) {
  box.write("script.sh",
            "\"$@\" & child=$!\n"
            "for i in $(seq 6000); do ls runs/*/latest.safetensors >/dev/null 2>&1 && break\n"
            "  sleep 0.05\ndone\n" +
                then + "\nwait $child\n");
  return "env --default-signal bash ./script.sh";
}

TEST(Faults, ASecondCtrlCExitsAtOnceAndKeepsTheLastCheckpoint) {
  const Sandbox box;
  // Iterations that last longer than the time between the signals.
  const Outcome o = box.run(
      tiny("--kimg 100000 --threads 1 --set model.fmap_base=16384 --set model.fmap_max=1024 "
           "--set schedule.max_minibatch=64 --set 'schedule.minibatch={}' "
           "--set schedule.minibatch_base=64 --set guard.every=1000000"),
      after_start(box, "kill -INT $child; sleep 0.7; kill -INT $child"));
  EXPECT_EQ(o.code, 130) << o.err;
  EXPECT_EQ(o.err.find("stopped at"), std::string::npos) << o.err;
  EXPECT_EQ(box.run("generate --from 0 --seeds 0 --out one").code, 0);
}

TEST(Faults, ASignalWhileImagesAreReadEndsAtOnceAndLeavesNoDataSet) {
  const Sandbox box;
  box.write(
      "script.sh",
      "\"$@\" & child=$!\n"
      "for i in $(seq 6000); do [[ $(ls -A cache/progan_cuda 2>/dev/null | wc -l) -ge 2 ]] && "
      "break\n  sleep 0.02\ndone\nkill -TERM $child\nwait $child\n");
  const Outcome o = box.run(
      "train --data builtin:shapes:200000 --resolution 64 --device cpu "
      "--preset official-tf",
      "env --default-signal bash ./script.sh");
  EXPECT_EQ(o.code, 143) << o.err;
  EXPECT_FALSE(fs::exists(box / "runs"));
  for (const auto& entry : fs::directory_iterator(box / "cache/progan_cuda")) {
    EXPECT_FALSE(fs::exists(entry.path() / "dataset.json")) << entry.path();
  }
}

TEST(Faults, FullDiskAtTheStartFailsBeforeTheFirstIteration) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);  // fills the cache
  fs::remove_all(box / "runs");
  box.write("script.sh", "ulimit -f 4\nexec \"$@\"\n");
  const Outcome o = box.run(tiny(), "bash ./script.sh");
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("progan_cuda: cannot write "), std::string::npos) << o.err;
  EXPECT_FALSE(fs::exists(box / "runs")) << "a run was left behind";
}

TEST(Faults, FullDiskOnStopIsAnErrorAndKeepsTheLastCheckpoint) {
  const Sandbox box;
  // The limit on the size of files is lowered once the first checkpoint has been written.
  const Outcome o = box.run(endless(), after_start(box,
                                                   "prlimit --pid $child --fsize=4096\n"
                                                   "sleep 0.2; kill -TERM $child"));
  EXPECT_EQ(o.code, 1) << o.err;
  EXPECT_NE(o.err.find("progan_cuda: cannot write "), std::string::npos) << o.err;
  EXPECT_EQ(box.run("generate --from 0 --seeds 0 --out one").code, 0);
}

TEST(Faults, TruncatedImagesWhileTrainingWriteTheStateAndFail) {
  const Sandbox box;
  const Outcome o =
      box.run(endless(), after_start(box, "for f in cache/progan_cuda/*/r*.npy; do : >$f; done"));
  EXPECT_EQ(o.code, 1) << o.err;
  EXPECT_NE(o.err.find("ends at byte"), std::string::npos) << o.err;
  const Outcome again = box.run("train --resume --kimg 0.001");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.err.find("latest.safetensors"), std::string::npos) << again.err;
}

TEST(Faults, OtherDataOnResumeIsAWarning) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const Outcome o = box.run("train --resume --kimg 0.256 --data builtin:shapes:32");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.err.find("warning: "), std::string::npos) << o.err;
}

}  // namespace
}  // namespace pg::test
