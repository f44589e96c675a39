// kernel_list_test.cpp: no kernel without a test.
#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

TEST(KernelList, EveryKernelIsReached) {
  kernel_counts() = KernelCounts();
  for (const auto& body : kernel_cases()) body();
  for (const auto& [kernel, calls] : kernel_counts().all()) {
    EXPECT_GT(calls, 0) << kernel << " is called by no KERNEL_TEST";
  }
}

}  // namespace
}  // namespace pg::test
