// simt_op_cases_test.cpp: every op case on the emulated GPU, compared with the CPU's direct loops
// in f64.
//
// Gradients are checked in the sanitizer build; the slower race checker covers the same kernels in
// the comparison.
#include <gtest/gtest.h>

#include <string_view>

#include "engine/gradcheck/checks.h"
#include "tests/simt/emulator/grid.h"

namespace pg::gradcheck {
namespace {

Context& oracle_context() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(2, CpuPath::direct);
  static Context context(*backend);
  return context;
}

Context& cuda_context(uint64_t seed) {
  static const std::unique_ptr<Backend> backend = make_cuda_backend();
  // The emulator fills and tracks all allocations, so blocks are small.
  static Context context(*backend, {.persistent = 1 << 20, .step = 4 << 20});
  simt::set_seed(seed);
  return context;
}

constexpr uint64_t kRandomOrder = 3;

std::vector<OpCase> gradient_cases() {
  return std::string_view(PG_SIMT_CONFIG) == "race" ? std::vector<OpCase>() : all_op_cases();
}

std::string name_of_case(const testing::TestParamInfo<OpCase>& info) { return info.param.name; }

class OpCases : public testing::TestWithParam<OpCase> {};
class OpGradients : public testing::TestWithParam<OpCase> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OpGradients);

TEST_P(OpCases, F32MatchesF64) {
  EXPECT_EQ(complaint(compare_f32(GetParam(), cuda_context(kRandomOrder), oracle_context())), "");
}

TEST_P(OpGradients, GradMatchesFiniteDifference) {
  EXPECT_EQ(complaint(check_gradient(GetParam(), cuda_context(0))), "");
}

TEST_P(OpGradients, GradGradMatchesFiniteDifference) {
  EXPECT_EQ(complaint(check_second_gradient(GetParam(), cuda_context(0))), "");
}

INSTANTIATE_TEST_SUITE_P(All, OpCases, testing::ValuesIn(all_op_cases()), name_of_case);
INSTANTIATE_TEST_SUITE_P(All, OpGradients, testing::ValuesIn(gradient_cases()), name_of_case);

}  // namespace
}  // namespace pg::gradcheck
