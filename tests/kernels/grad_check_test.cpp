// grad_check_test.cpp: whether a gradient is finite, its norm, and the first bad element.
#include <cmath>
#include <limits>

#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

KERNEL_TEST(grad_check, ComputesTheNormAndAdvancesTheStep) {
  for (const int64_t count : {1, 1000, 30001}) {
    const Host g = random_host({1, 1, 1, count}, 1);
    double squares = 0.0;
    for (const double v : g.data) squares += v * v;
    for (const DType dtype : {DType::f64, DType::f32}) {
      const auto got = run(dtype, [&](Bench& b) {
        b.backend().grad_check({.g = b.in(g),
                                .stats = b.out({1, 1, 1, 2}, DType::f64),
                                .t = b.inout(Host({}, 41.0), DType::f64)});
      });
      EXPECT_EQ(got[0].data[0], 1.0);
      EXPECT_NEAR(got[0].data[1] / std::sqrt(squares), 1.0, 1e-13);
      EXPECT_EQ(got[1].data[0], 42.0);
    }
  }
}

KERNEL_TEST(grad_check, FindsOneNonFiniteValue) {
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bad : {inf, -inf, std::nan("")}) {
    for (const size_t place : {size_t{0}, size_t{9999}, size_t{20000}}) {
      Host g = random_host({1, 1, 1, 20001}, 1);
      g.data[place] = bad;
      for (const DType dtype : {DType::f64, DType::f32}) {
        const auto got = run(dtype, [&](Bench& b) {
          b.backend().grad_check({.g = b.in(g),
                                  .stats = b.out({1, 1, 1, 2}, DType::f64),
                                  .t = b.inout(Host({}, 41.0), DType::f64)});
        });
        EXPECT_EQ(got[0].data[0], 0.0);
        EXPECT_FALSE(std::isfinite(got[0].data[1]));
        EXPECT_EQ(got[1].data[0], 41.0);
      }
    }
  }
}

KERNEL_TEST(grad_check, RecordsTheFirstBadStepAndElement) {
  const double inf = std::numeric_limits<double>::infinity();
  const int64_t count = 20001;
  for (const size_t place : {size_t{0}, size_t{4095}, size_t{9999}, size_t{20000}}) {
    Host g = random_host({1, 1, 1, count}, 1);
    g.data[place] = inf;
    g.data[20000] = std::nan("");
    for (const DType dtype : {DType::f64, DType::f32}) {
      const auto noted = [&](const Host& gradient, const std::vector<double>& before) {
        Host first_bad({1, 1, 1, 3}, 0.0);
        first_bad.data = before;
        return run(dtype,
                   [&](Bench& b) {
                     b.backend().grad_check({.g = b.in(gradient),
                                             .stats = b.out({1, 1, 1, 2}, DType::f64),
                                             .first_bad = b.inout(first_bad, DType::f64)});
                   })[1]
            .data;
      };
      using Numbers = std::vector<double>;
      const auto index = static_cast<double>(place);
      EXPECT_EQ(noted(random_host({1, 1, 1, count}, 1), {6, 0, 0}), (Numbers{7, 0, 0}));
      EXPECT_EQ(noted(g, {6, 0, 0}), (Numbers{7, 7, index}));
      EXPECT_EQ(noted(g, {7, 3, 5}), (Numbers{8, 3, 5})) << "an earlier record stays";
    }
  }
}

KERNEL_TEST(grad_check, SupportsTheLargestFiniteValues) {
  const Host g({1, 1, 1, 2}, static_cast<double>(std::numeric_limits<float>::max()));
  const auto got = run(DType::f32, [&](Bench& b) {
    b.backend().grad_check({.g = b.in(g), .stats = b.out({1, 1, 1, 2}, DType::f64)});
  });
  EXPECT_EQ(got[0].data[0], 1.0);
  EXPECT_NEAR(got[0].data[1] / (g.data[0] * std::sqrt(2.0)), 1.0, 1e-13);
}

KERNEL_TEST(grad_check, HasTheSameBitsAtOddAddresses) {
  const Host g = random_host({1, 1, 1, 10003}, 1);
  expect_same_at_odd_addresses(
      [&](Bench& b) {
        b.backend().grad_check({.g = b.in(g), .stats = b.out({1, 1, 1, 2}, DType::f64)});
      },
      Floats::f64_f32);
}

}  // namespace
}  // namespace pg::test
