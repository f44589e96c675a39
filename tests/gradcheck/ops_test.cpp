// ops_test.cpp: gradients of every op case agree with central differences in f64, and the checks
// detect and report wrong gradients.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "engine/gradcheck/report.h"

namespace pg::gradcheck {
namespace {

Context& context() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(1, CpuPath::direct);
  static Context c(*backend);
  return c;
}

class OpGradients : public testing::TestWithParam<OpCase> {};

TEST_P(OpGradients, GradMatchesFiniteDifference) {
  EXPECT_EQ(complaint(check_gradient(GetParam(), context())), "");
}

TEST_P(OpGradients, GradGradMatchesFiniteDifference) {
  EXPECT_EQ(complaint(check_second_gradient(GetParam(), context())), "");
}

INSTANTIATE_TEST_SUITE_P(All, OpGradients, testing::ValuesIn(all_op_cases()),
                         [](const auto& c) { return c.param.name; });

// x^2 y with a gradient with respect to y that is multiplied by `recorded_factor` while the
// backward pass is being recorded, and by `factor` otherwise.
OpCase wrong_case(double factor, double recorded_factor) {
  const auto function = [](const std::vector<Tensor>& in) {
    return ops::mul(ops::square(in[0]), in[1]);
  };
  const auto gradients = [](const std::vector<Tensor>& in, const Tensor& dy, double f) -> Grads {
    return {ops::mul(ops::affine(ops::mul(in[0], in[1]), 2.0, 0.0), dy),
            ops::affine(ops::mul(ops::square(in[0]), dy), f, 0.0)};
  };
  const auto run = [=](const std::vector<Tensor>& in) {
    Tensor y;
    {
      const RecordingScope off(in[0].context(), Recording::off);
      y = function(in);
    }
    return record("wrong", in, y, [=](const Tensor& dy, const Need&) {
      const bool recorded = dy.context().tape() != nullptr;
      return gradients(in, dy, recorded ? recorded_factor : factor);
    });
  };
  return {.name = "Wrong", .inputs = {{1, 2, 2, 3}, {1, 2, 2, 3}}, .run = run};
}

TEST(GradientChecks, ACorrectOpPasses) {
  const OpCase c = wrong_case(1.0, 1.0);
  EXPECT_EQ(complaint(check_gradient(c, context())), "");
  EXPECT_EQ(complaint(check_second_gradient(c, context())), "");
}

TEST(GradientChecks, AWrongVjpIsLocated) {
  const Deviation d = check_gradient(wrong_case(1.001, 1.0), context());
  EXPECT_FALSE(d.ok());
  EXPECT_GT(d.error, 1e-5);
  EXPECT_LT(d.error, 1.1e-3);
  EXPECT_TRUE(d.where.starts_with("gradient of input 1, direction ")) << d.where;
}

TEST(GradientChecks, AVjpThatIsWrongOnlyWhenRecordedFailsAtSecondOrder) {
  const OpCase c = wrong_case(1.0, 0.0);
  EXPECT_TRUE(check_gradient(c, context()).ok());
  EXPECT_FALSE(check_second_gradient(c, context()).ok());
}

TEST(GradientChecks, NanAndInfinityFail) {
  EXPECT_FALSE(check_gradient(wrong_case(NAN, 1.0), context()).ok());
  EXPECT_FALSE(check_gradient(wrong_case(INFINITY, 1.0), context()).ok());
}

TEST(GradientReport, NamesFailuresAndTheirPlaces) {
  std::ostringstream out;
  Report report(out);
  OpCase right = wrong_case(1.0, 1.0);
  right.name = "Right";
  report.check_op(right, context());
  EXPECT_EQ(report.verdict("cpu"), "1 op checked on cpu: all gradients agree");
  report.check_op(wrong_case(1.5, 1.0), context());
  report.add_network("tiny 4x4 stable D", {.error = 1e-9, .tolerance = 1e-6, .where = "a"});
  report.add_network("tiny 4x4 stable G", {.error = 1e-3, .tolerance = 1e-6, .where = "b"});
  EXPECT_NE(out.str().find("\nWrong "), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("FAILED\n    first order: gradient of input 1, direction "),
            std::string::npos)
      << out.str();
  EXPECT_NE(out.str().find("FAILED\n    b (relative error 0.001, allowed 1e-06)"),
            std::string::npos)
      << out.str();
  try {
    report.verdict("cpu");
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_STREQ(
        e.what(),
        "2 ops and 2 networks checked on cpu: 2 wrong gradients: Wrong, tiny 4x4 stable G; "
        "see the table");
  }
}

}  // namespace
}  // namespace pg::gradcheck
