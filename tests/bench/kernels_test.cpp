// kernels_test.cpp: bench_kernels measures every kernel, and its check detects wrong results.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "model/cases/check.h"
#include "tests/apps/program.h"

namespace pg::bench {
using namespace cases;

namespace {

std::vector<nlohmann::json> lines_of(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

test::Outcome run(const std::string& arguments) { return test::Sandbox().run(arguments); }

TEST(BenchKernels, JsonHasATimeAndACorrectResultForEveryCase) {
  const test::Outcome outcome =
      run("--device cpu --resolution 4,8 --batch 4 --milliseconds 0 --cold-mb 1 --json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  std::set<std::string> names;
  for (const nlohmann::json& line : lines_of(outcome.out)) {
    if (line.contains("peak")) continue;
    names.insert(line.at("case"));
    EXPECT_EQ(line.at("check"), "ok") << line;
    EXPECT_GT(line.at("ms"), 0) << line;
    EXPECT_GT(line.at("gb_per_second"), 0) << line;
  }
  for (const char* name :
       {"8x8/G/Conv0_up/forward", "8x8/D/Conv1_down/weight_grad", "4x4/D/Conv/input_grad",
        "4x4/G/Dense/forward", "4x4/minibatch_stddev_vjp2", "8x8/pixel_norm_vjp", "network/adam"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(BenchKernels, WrongUsageIsOneSentence) {
  for (const char* arguments :
       {"--device gpu", "--device cpu --precision bf16", "--device cpu --resolution 5",
        "--device cpu --kernels vendor", "--device cpu --filter nothing-has-this-name"}) {
    const test::Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
}

TEST(ErrorOf, DetectsErrorsOfOnePercentAndMissingResults) {
  const std::unique_ptr<Backend> cpu = make_cpu_backend(1);
  const Selection s{8, 4, DType::f32};
  std::vector<Case> cases = memory_cases(s);
  for (const Case& c : dense_cases(s)) cases.push_back(c);
  for (const Case& c : conv_cases(s)) cases.push_back(c);
  for (const Case& c : cases) {
    const Operands operands(*cpu, c, 0);
    c.run(*cpu, operands.copy(0));
    const double tolerance = tolerance_of(c, Precision::fp32);
    EXPECT_LE(error_of(*cpu, c, operands.copy(0), operands.values()), tolerance) << c.name;
    for (size_t i = 0; i < c.operands.size(); ++i) {
      if (c.operands[i].role == Role::in) continue;
      const TensorView& y = operands.copy(0)[i];
      auto* data = static_cast<float*>(y.data);
      const std::vector<float> right(data, data + y.shape.numel());
      for (int64_t k = 0; k < y.shape.numel(); ++k) data[k] *= 1.01f;
      EXPECT_GT(error_of(*cpu, c, operands.copy(0), operands.values()), tolerance) << c.name;
      poison(*cpu, y);
      EXPECT_FALSE(error_of(*cpu, c, operands.copy(0), operands.values()) <= tolerance) << c.name;
      std::copy(right.begin(), right.end(), data);
    }
  }
}

}  // namespace
}  // namespace pg::bench
