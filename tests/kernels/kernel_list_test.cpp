// kernel_list_test.cpp: no kernel without a test.
#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

TEST(KernelList, EveryKernelHasATest) {
#define PG_KERNEL(kernel, Args) \
  EXPECT_TRUE(tested_kernels().contains(#kernel)) << "no KERNEL_TEST names " << #kernel;
#include "kernels/kernels.def"
#undef PG_KERNEL
}

}  // namespace
}  // namespace pg::test
