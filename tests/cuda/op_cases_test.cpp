// op_cases_test.cpp: every op case on a GPU, compared with the CPU's direct loops in f64.
#include <gtest/gtest.h>

#include "engine/gradcheck/checks.h"

namespace pg::gradcheck {
namespace {

Context& oracle_context() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(0, CpuPath::direct);
  static Context context(*backend);
  return context;
}

Context& cuda_context() {
  static const std::unique_ptr<Backend> backend = make_cuda_backend();
  static Context context(*backend);
  return context;
}

class OpCases : public testing::TestWithParam<OpCase> {};

TEST_P(OpCases, F32MatchesF64) {
  EXPECT_EQ(complaint(compare_f32(GetParam(), cuda_context(), oracle_context())), "");
}

TEST_P(OpCases, GradMatchesFiniteDifference) {
  EXPECT_EQ(complaint(check_gradient(GetParam(), cuda_context())), "");
}

TEST_P(OpCases, GradGradMatchesFiniteDifference) {
  EXPECT_EQ(complaint(check_second_gradient(GetParam(), cuda_context())), "");
}

INSTANTIATE_TEST_SUITE_P(All, OpCases, testing::ValuesIn(all_op_cases()),
                         [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace pg::gradcheck
