// op_cases_test.cpp: values and fused backward passes of every op case on the CPU.
// (Gradients: tests/gradcheck.)
#include <gtest/gtest.h>

#include "engine/gradcheck/checks.h"

namespace pg::gradcheck {
namespace {

Context& direct_context() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(2, CpuPath::direct);
  static Context context(*backend);
  return context;
}

Context& fast_context() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(2, CpuPath::fast);
  static Context context(*backend);
  return context;
}

class OpCases : public testing::TestWithParam<OpCase> {};

TEST_P(OpCases, F32MatchesF64) {
  // Winograd transforms have constants up to 8 and amplify rounding errors about 10 times.
  EXPECT_EQ(complaint(compare_f32(GetParam(), fast_context(), direct_context(), 12.0)), "");
  EXPECT_EQ(complaint(compare_f32(GetParam(), direct_context(), direct_context())), "");
}

TEST_P(OpCases, FusedBackwardMatchesComposition) {
  EXPECT_EQ(complaint(compare_recorded_backward(GetParam(), direct_context())), "");
}

INSTANTIATE_TEST_SUITE_P(All, OpCases, testing::ValuesIn(all_op_cases()),
                         [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace pg::gradcheck
