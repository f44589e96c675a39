// parity_test.cpp: every published variant up to rounding, in f64 and in f32.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/parity/golden.h"

namespace pg::test {
namespace {

Context& context(CpuPath path) {
  static const std::unique_ptr<Backend> direct = make_cpu_backend(2, CpuPath::direct);
  static const std::unique_ptr<Backend> fast = make_cpu_backend(2, CpuPath::fast);
  static Context of_direct(*direct), of_fast(*fast);
  return path == CpuPath::direct ? of_direct : of_fast;
}

class Parity : public testing::TestWithParam<std::string> {};

// Sums in another order differ by some eps times the root of the number of terms; the penalty
// passes a dozen layers three times: 8 eps sqrt(1000), 20 times.
constexpr double kRoundings = 8.0 * 32.0 * 20.0;

void expect_parity(const std::string& variant, const Errors& errors, double tolerance) {
  EXPECT_GE(errors.size(), 1u);
  for (const auto& [quantity, error] : errors) {
    std::printf("parity | %s | %s | %.1e\n", variant.c_str(), quantity.c_str(), error);
    EXPECT_LE(error, tolerance) << variant << ": " << quantity;
  }
}

TEST_P(Parity, MatchesGoldensInF64) {
  const Golden golden(GetParam());
  expect_parity(GetParam(), golden.compare(context(CpuPath::direct), golden.config(), DType::f64),
                kRoundings * 1.1e-16);
}

TEST_P(Parity, MatchesGoldensInF32) {
  const Golden golden(GetParam());
  expect_parity(GetParam(), golden.compare(context(CpuPath::fast), golden.config(), DType::f32),
                kRoundings * 6e-8);
}

INSTANTIATE_TEST_SUITE_P(All, Parity,
                         testing::Values("official-tf", "paper", "gan-zoo", "akanimax", "tutorial",
                                         "readme-hq", "exercise", "official-tf-labels",
                                         "paper-labels"),
                         [](const auto& p) {
                           std::string name = p.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace pg::test
