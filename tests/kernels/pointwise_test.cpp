// pointwise_test.cpp: elementwise kernels without broadcasting.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

// One chunk with a tail, several chunks, few and many channels; the last consists of packs.
constexpr Shape kShapes[] = {
    {1, 1, 1, 1}, {2, 3, 5, 7}, {3, 61, 67, 3}, {2, 5, 7, 300}, {2, 9, 17, 24}};

double lrelu(double v, double slope) { return v > 0 ? v : slope * v; }

KERNEL_TEST(bias_lrelu, MatchesReference) {
  for (const Shape& s : kShapes) {
    const Host x = random_host(s, 1), bias = random_host({1, 1, 1, s.c}, 2);
    for (const double slope : {0.2, 1.0}) {
      Host with(s), without(s);
      for_each(s, [&](auto n, auto h, auto w, auto c) {
        with(n, h, w, c) = lrelu(x(n, h, w, c) + bias(0, 0, 0, c), slope);
        without(n, h, w, c) = lrelu(x(n, h, w, c), slope);
      });
      expect_matches(
          [&](Bench& b) {
            b.backend().bias_lrelu(
                {.x = b.in(x), .b = b.in(bias, b.acc()), .y = b.out(s), .slope = slope});
            b.backend().bias_lrelu({.x = b.in(x), .y = b.out(s), .slope = slope});
            const TensorView y = b.inout(x);
            b.backend().bias_lrelu({.x = y, .b = b.in(bias, b.acc()), .y = y, .slope = slope});
          },
          {with, without, with});
    }
  }
}

KERNEL_TEST(leaky_gate, MatchesReference) {
  for (const Shape& s : kShapes) {
    const Host x = random_host(s, 1);
    Host ref = random_host(s, 2), y(s);
    ref.data[0] = 0.0;  // not greater than 0: the slope
    for (size_t i = 0; i < y.data.size(); ++i) {
      y.data[i] = x.data[i] * (ref.data[i] > 0 ? 1 : 0.2);
    }
    expect_matches(
        [&](Bench& b) {
          b.backend().leaky_gate({.x = b.in(x), .ref = b.in(ref), .y = b.out(s), .slope = 0.2});
          const TensorView same = b.inout(x);
          b.backend().leaky_gate({.x = same, .ref = b.in(ref), .y = same, .slope = 0.2});
        },
        {y, y});
  }
}

double reference(UnaryOp op, double x) {
  switch (op) {
    case UnaryOp::square:
      return x * x;
    case UnaryOp::sqrt:
      return std::sqrt(x);
    case UnaryOp::reciprocal:
      return 1 / x;
    case UnaryOp::exp:
      return std::exp(x);
    case UnaryOp::log:
      return std::log(x);
    case UnaryOp::tanh:
      return std::tanh(x);
    case UnaryOp::sigmoid:
      return 1 / (1 + std::exp(-x));
    case UnaryOp::softplus:
      return std::log1p(std::exp(x));
  }
  return 0;
}

KERNEL_TEST(unary, MatchesReference) {
  for (const Shape& s : kShapes) {
    for (const UnaryOp op : {UnaryOp::square, UnaryOp::sqrt, UnaryOp::reciprocal, UnaryOp::exp,
                             UnaryOp::log, UnaryOp::tanh, UnaryOp::sigmoid, UnaryOp::softplus}) {
      SCOPED_TRACE(static_cast<int>(op));
      const bool positive = op == UnaryOp::sqrt || op == UnaryOp::log || op == UnaryOp::reciprocal;
      const Host x = random_host(s, 1, positive ? 0.1 : -8.0, 8.0);
      Host y = x;
      for (double& v : y.data) v = reference(op, v);
      expect_matches(
          [&](Bench& b) {
            b.backend().unary({.x = b.in(x), .y = b.out(s), .op = op});
            const TensorView same = b.inout(x);
            b.backend().unary({.x = same, .y = same, .op = op});
          },
          {y, y});
    }
  }
}

KERNEL_TEST(unary, SigmoidAndSoftplusAreAccurateInTheirTails) {
  const Host x({1, 1, 1, 4}, {-80.0, -20.0, 20.0, 1000.0});
  for (const DType dtype : {DType::f64, DType::f32}) {
    const auto got = run(dtype, [&](Bench& b) {
      b.backend().unary({.x = b.in(x), .y = b.out(x.shape), .op = UnaryOp::sigmoid});
      b.backend().unary({.x = b.in(x), .y = b.out(x.shape), .op = UnaryOp::softplus});
    });
    for (const Host& y : got) {
      EXPECT_NEAR(y.data[0] / std::exp(-80.0), 1.0, 1e-5);
      EXPECT_NEAR(y.data[1] / std::exp(-20.0), 1.0, 1e-5);
    }
    EXPECT_EQ(got[0].data[3], 1.0);
    EXPECT_EQ(got[1].data[3], 1000.0);
    EXPECT_NEAR(got[1].data[2], 20.0, 1e-5);
  }
}

KERNEL_TEST(affine, OverwritesAndAdds) {
  for (const Shape& s : kShapes) {
    const Host x = random_host(s, 1), before = random_host(s, 2);
    Host y = x, sum = before, twice = x;
    for (size_t i = 0; i < y.data.size(); ++i) {
      y.data[i] = 0.3 * x.data[i] - 1.5;
      sum.data[i] += y.data[i];
      twice.data[i] += y.data[i];
    }
    expect_matches(
        [&](Bench& b) {
          const AffineArgs args{.x = b.in(x), .y = b.out(s), .scale = 0.3, .shift = -1.5};
          b.backend().affine(args);
          AffineArgs add = args;
          add.y = b.inout(before);
          add.accumulate = Accumulate::add;
          b.backend().affine(add);
          add.y = b.inout(x);
          add.x = add.y;
          b.backend().affine(add);
        },
        {y, sum, twice});
  }
}

KERNEL_TEST(fill, SetsEveryElement) {
  for (const Shape& s : kShapes) {
    expect_matches([&](Bench& b) { b.backend().fill({.y = b.out(s), .value = -2.5}); },
                   {Host(s, -2.5)});
  }
}

// x to bf16, to nearest even, by arithmetic on its exponent.
double to_bf16(double x) {
  if (x == 0.0 || !std::isfinite(x)) return x;
  const double unit = std::ldexp(1.0, std::max(std::ilogb(x), -126) - 7);
  const double y = std::nearbyint(x / unit) * unit;
  return std::abs(y) < std::ldexp(1.0, 128)
             ? y
             : std::copysign(std::numeric_limits<double>::infinity(), x);
}

double to_type(DType dtype, double x) {
  if (dtype == DType::bf16) return to_bf16(x);
  return dtype == DType::f32 ? static_cast<double>(static_cast<float>(x)) : x;
}

KERNEL_TEST(convert, RoundsOnceToNearestEven) {
  Host x({1, 1, 3, 1117});
  for (size_t i = 0; i < x.data.size(); ++i) {
    x.data[i] = std::sin(static_cast<double>(i)) * std::ldexp(1.0, static_cast<int>(i % 60) - 30);
  }
  // Halfway cases, and values so near them that f32 cannot tell the difference.
  const double halfway[] = {1 + 0x1p-8, 1 + 0x3p-8, -1 - 0x1p-8, 0x1p-127, 0x1.01p-126};
  for (size_t i = 0; i < std::size(halfway); ++i) {
    x.data[3 * i] = halfway[i];
    x.data[3 * i + 1] = halfway[i] * (1 + 0x1p-40);
    x.data[3 * i + 2] = halfway[i] * (1 - 0x1p-40);
  }
  const double large[] = {std::numeric_limits<float>::max(),       0x1.ffp127, 0x1.feffp127, -1e39,
                          std::numeric_limits<double>::infinity(), 0.0};
  std::copy(std::begin(large), std::end(large), x.data.end() - std::ssize(large));
  for (const DType from : {DType::f64, DType::f32, DType::bf16}) {
    Host source = x;  // the values stored in the input
    for (double& v : source.data) v = to_type(from, v);
    for (const DType to : {DType::f64, DType::f32, DType::bf16}) {
      SCOPED_TRACE(message(name_of(from), " to ", name_of(to)));
      for (const Placement placement : {Placement::aligned, Placement::odd}) {
        const auto got = run(
            to,
            [&](Bench& b) { b.backend().convert({.x = b.in(source, from), .y = b.out(x.shape)}); },
            placement);
        for (size_t i = 0; i < x.data.size(); ++i) {
          ASSERT_EQ(got[0].data[i], to_type(to, source.data[i])) << source.data[i];
        }
      }
    }
  }
}

KERNEL_TEST(convert, KeepsNan) {
  const Host x({1, 1, 1, 3}, std::nan(""));
  for (const DType from : {DType::f64, DType::f32, DType::bf16}) {
    for (const DType to : {DType::f64, DType::f32, DType::bf16}) {
      const auto got = run(to, [&](Bench& b) {
        b.backend().convert({.x = b.in(x, from), .y = b.inout(Host(x.shape, 1.0))});
      });
      for (const double v : got[0].data) EXPECT_TRUE(std::isnan(v));
    }
  }
}

TEST(Pointwise, HasTheSameBitsAtOddAddresses) {
  const Shape s{2, 9, 17, 24};
  const Host x = random_host(s, 1), ref = random_host(s, 2), bias = random_host({1, 1, 1, s.c}, 3);
  expect_same_at_odd_addresses([&](Bench& b) {
    b.backend().bias_lrelu({.x = b.in(x), .b = b.in(bias, b.acc()), .y = b.out(s)});
    b.backend().bias_lrelu({.x = b.in(x), .y = b.out(s)});
    b.backend().leaky_gate({.x = b.in(x), .ref = b.in(ref), .y = b.out(s)});
    b.backend().unary({.x = b.in(x), .y = b.out(s), .op = UnaryOp::tanh});
    b.backend().affine({.x = b.in(x), .y = b.inout(ref), .scale = 0.3, .shift = 0.1});
    b.backend().fill({.y = b.out(s), .value = 0.3});
  });
}

KERNEL_TEST(bias_lrelu, KeepsNonFiniteValues) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  const Host x({1, 1, 1, 3}, {inf, -inf, nan});
  const auto got = run(DType::f32, [&](Bench& b) {
    b.backend().bias_lrelu({.x = b.in(x), .y = b.out(x.shape), .slope = 0.2});
  });
  EXPECT_EQ(got[0].data[0], inf);
  EXPECT_EQ(got[0].data[1], -inf);
  EXPECT_TRUE(std::isnan(got[0].data[2]));
}

}  // namespace
}  // namespace pg::test
