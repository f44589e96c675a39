// output_test.cpp: a benchmark whose results are lost does not succeed.
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

TEST(BenchOutput, FullDiskAndClosedOutputAreErrors) {
  const Sandbox box;
  for (const char* command : {"--list --device cpu", "--help",
                              "--device cpu --json --resolution 4 --filter FromRGB/forward "
                              "--milliseconds 0.1 --cold-mb 1 --peaks 1,1"}) {
    EXPECT_EQ(box.run(command).code, 0) << command << box.read("err.txt");
    for (const char* where : {">/dev/full", ">&-"}) {
      EXPECT_EQ(box.run(std::string(command) + " " + where + " 2>said; exit $?").code, 1);
      EXPECT_NE(box.read("said").find("bench_kernels: cannot write to standard output: "),
                std::string::npos)
          << command << ' ' << where << box.read("said");
    }
  }
}

TEST(BenchOutput, ErrorsAreEscaped) {
  const Sandbox box;
  const Outcome o = box.run("--device cpu --filter '\x1b;\n'");
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("no case matches --filter \\x1b;\\n; "), std::string::npos) << o.err;
}

}  // namespace
}  // namespace pg::test
