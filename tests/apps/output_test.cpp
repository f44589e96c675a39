// output_test.cpp: a command whose printed text is lost does not succeed.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

// Standard output goes to `where`; the message is in `said`.
Outcome print_to(const Sandbox& box, const std::string& command, const std::string& where) {
  Outcome o = box.run(command + " " + where + " 2>said; exit $?");
  o.err = box.read("said");
  return o;
}

void expect_lost(const Sandbox& box, const std::string& command) {
  for (const char* where : {">/dev/full", ">&-"}) {
    const Outcome o = print_to(box, command, where);
    EXPECT_EQ(o.code, 1) << command << ' ' << where;
    EXPECT_NE(o.err.find("progan_cuda: cannot write to standard output: "), std::string::npos)
        << command << ' ' << where << ": " << o.err;
    EXPECT_NE(o.err.find("; the output is incomplete\n"), std::string::npos) << o.err;
  }
}

std::string only_run(const Sandbox& box) {
  return fs::directory_iterator(box / "runs")->path().string();
}

TEST(Output, FullDiskAndClosedOutputAreErrors) {
  const Sandbox box;
  for (const char* command :
       {"config", "config --describe", "info", "plan --resolution 8", "plan --resolution 8 --json",
        "gradcheck --list", "gradcheck --op PixelNorm", "dataset check builtin:shapes:4",
        "dataset check builtin:shapes:4 --json", "--help", "train --help", "--version"}) {
    expect_lost(box, command);
  }
}

TEST(Output, FullDiskIsAnErrorOfCommandsThatWriteFilesAsWell) {
  const Sandbox box;
  ASSERT_EQ(box.run(tiny()).code, 0);
  const std::string from = " --from " + only_run(box);
  expect_lost(box, "info " + only_run(box));
  expect_lost(box, "generate --seeds 0-3 --out images" + from);
  expect_lost(box, "interpolate --seconds 0.1 --fps 10 --out frames" + from);
  ASSERT_EQ(box.run("dataset build builtin:shapes:4 --resolution 4 --out set").code, 0);
  expect_lost(box, "dataset info set");
}

TEST(Output, ClosedPipeIsAnErrorNotASignal) {
  const Sandbox box;
  const Outcome o = box.run("config --describe | true",
                            "bash -c 'set -o pipefail; \"$@\" 2>said | "
                            "true' -");
  EXPECT_EQ(o.code, 0);  // of the outer pipe
  const std::string said = box.read("said");
  EXPECT_NE(said.find("cannot write to standard output: Broken pipe"), std::string::npos) << said;
}

TEST(Output, TrainingNeedsNoOutput) {
  const Sandbox box;
  EXPECT_EQ(box.run(tiny() + " >&- 2>&- <&-; exit $?").code, 0);
  EXPECT_EQ(box.run(tiny() + " >/dev/full 2>/dev/full; exit $?").code, 0);
}

// Descriptor 1 is free, so the first file to be opened would be written to by every print.
TEST(Output, ClosedOutputTakesNoFile) {
  const Sandbox box;
  ASSERT_EQ(box.run("dataset build builtin:shapes:4 --resolution 4 --out good").code, 0);
  EXPECT_EQ(
      box.run("dataset build builtin:shapes:4 --resolution 4 --out set >&- 2>&-; exit $?").code, 1);
  EXPECT_EQ(box.read("set/r0004.npy"), box.read("good/r0004.npy"));
  EXPECT_EQ(box.read("set/labels.npy"), box.read("good/labels.npy"));
}

}  // namespace
}  // namespace pg::test
