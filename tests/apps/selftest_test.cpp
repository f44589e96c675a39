// selftest_test.cpp: the command selftest on the CPU. (Planted faults of kernels are tested in
// tests/simt/selftest.)
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace pg::test {
namespace {

// Goes through the command line of the process that runs the checks.
TEST(SelftestCommand, PassesOnTheCpu) {
  const Outcome o = Sandbox().run("selftest --quick --device cpu");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.out.find(" checks passed in "), std::string::npos) << o.out;
}

}  // namespace
}  // namespace pg::test
