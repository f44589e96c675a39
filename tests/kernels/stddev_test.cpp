// stddev_test.cpp: minibatch standard deviation to second order.
#include <cmath>

#include "tests/kernels/kernel_device.h"
#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

struct Case {
  const char* name;
  Shape x;
  MinibatchStddevGeometry geometry;
};

const Case kCases[] = {
    {"official", {8, 3, 5, 7}, {.group = 4}},
    {"GAN zoo",
     {8, 3, 5, 7},
     {.group = 4, .order = GroupOrder::contiguous, .variance = Variance::unbiased}},
    {"three minibatches", {18, 2, 3, 5}, {.group = 3, .batches = 3}},
    {"contiguous in minibatches",
     {12, 2, 3, 5},
     {.group = 2, .batches = 2, .order = GroupOrder::contiguous}},
    {"whole batch", {6, 3, 3, 4}, {.group = 6, .variance = Variance::unbiased, .eps = 0.01}},
    {"one sample", {3, 2, 2, 3}, {.group = 1, .variance = Variance::unbiased}},
    {"several chunks", {8, 5, 7, 113}, {.group = 4}},
    {"pairs of positions", {8, 4, 4, 72}, {.group = 4}},
};

int64_t group_of(const Case& t, int64_t n) {
  const int64_t batch = t.x.n / t.geometry.batches, groups = batch / t.geometry.group;
  const int64_t i = n % batch;
  return n / batch * groups +
         (t.geometry.order == GroupOrder::strided ? i % groups : i / t.geometry.group);
}

double divisor(const Case& t) {
  return static_cast<double>(t.geometry.group) -
         (t.geometry.variance == Variance::unbiased ? 1.0 : 0.0);
}

// Mean and sqrt(v + eps) of sample n's group at one position.
struct Moments {
  double mean, deviation;
};
Moments moments(const Case& t, const Host& x, int64_t n, int64_t h, int64_t w, int64_t c) {
  double sum = 0.0, squares = 0.0;
  for (int64_t i = 0; i < t.x.n; ++i) {
    if (group_of(t, i) == group_of(t, n)) sum += x(i, h, w, c);
  }
  const double mean = sum / static_cast<double>(t.geometry.group);
  for (int64_t i = 0; i < t.x.n; ++i) {
    if (group_of(t, i) == group_of(t, n))
      squares += (x(i, h, w, c) - mean) * (x(i, h, w, c) - mean);
  }
  const double variance = t.geometry.group == 1 ? 0.0 : squares / divisor(t);
  return {mean, std::sqrt(variance + t.geometry.eps)};
}

double positions(const Case& t) { return static_cast<double>(t.x.h * t.x.w * t.x.c); }

Host forward(const Case& t, const Host& x) {
  Host y({t.x.n, 1, 1, 1});
  for_each(t.x, [&](auto n, auto h, auto w, auto c) {
    y(n, 0, 0, 0) += moments(t, x, n, h, w, c).deviation / positions(t);
  });
  return y;
}

Host vjp(const Case& t, const Host& x, const Host& dy) {
  Host dx(t.x);
  for_each(t.x, [&](auto n, auto h, auto w, auto c) {
    double sum = 0.0;
    for (int64_t i = 0; i < t.x.n; ++i) {
      if (group_of(t, i) == group_of(t, n)) sum += dy(i, 0, 0, 0);
    }
    const Moments m = moments(t, x, n, h, w, c);
    if (t.geometry.group == 1) return;
    dx(n, h, w, c) = sum / positions(t) * (x(n, h, w, c) - m.mean) / (divisor(t) * m.deviation);
  });
  return dx;
}

double dot(const Host& a, const Host& b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.data.size(); ++i) sum += a.data[i] * b.data[i];
  return sum;
}

// Central difference of f at v[i].
template <typename F>
double difference(const Host& v, size_t i, F f) {
  const double step = 1e-5;
  Host high = v, low = v;
  high.data[i] += step;
  low.data[i] -= step;
  return (f(high) - f(low)) / (2 * step);
}

std::vector<Host> second_order(const Case& t, DType dtype, const Host& x, const Host& dy,
                               const Host& u) {
  return run(dtype, [&](Bench& b) {
    b.backend().minibatch_stddev_vjp2({.x = b.in(x),
                                       .dy = b.in(dy, b.acc()),
                                       .u = b.in(u),
                                       .ddy = b.out(dy.shape, b.acc()),
                                       .dx = b.out(x.shape),
                                       .geometry = t.geometry});
  });
}

KERNEL_TEST(minibatch_stddev, MatchesReference) {
  for (const Case& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host x = random_host(t.x, 1);
    expect_matches(
        [&](Bench& b) {
          b.backend().minibatch_stddev(
              {.x = b.in(x), .y = b.out({t.x.n, 1, 1, 1}, b.acc()), .geometry = t.geometry});
        },
        {forward(t, x)}, t.geometry.group);
  }
}

KERNEL_TEST(minibatch_stddev, UnbiasedVarianceOfOneSampleGivesTheRootOfEps) {
  const Case& t = kCases[5];
  const auto got = run(DType::f64, [&](Bench& b) {
    b.backend().minibatch_stddev(
        {.x = b.in(random_host(t.x, 1)), .y = b.out({3, 1, 1, 1}), .geometry = t.geometry});
  });
  for (const double v : got[0].data) EXPECT_NEAR(v, 1e-4, 1e-15);
}

KERNEL_TEST(minibatch_stddev_vjp, MatchesReference) {
  for (const Case& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host x = random_host(t.x, 1), dy = random_host({t.x.n, 1, 1, 1}, 2);
    expect_matches(
        [&](Bench& b) {
          b.backend().minibatch_stddev_vjp(
              {.x = b.in(x), .dy = b.in(dy, b.acc()), .dx = b.out(t.x), .geometry = t.geometry});
        },
        {vjp(t, x, dy)}, t.geometry.group);
  }
}

KERNEL_TEST(minibatch_stddev_vjp, MatchesFiniteDifference) {
  for (const Case& t : kCases) {
    if (t.x.numel() > 1000) continue;
    SCOPED_TRACE(t.name);
    const Host x = random_host(t.x, 1), dy = random_host({t.x.n, 1, 1, 1}, 2);
    const auto got = run(DType::f64, [&](Bench& b) {
      b.backend().minibatch_stddev_vjp(
          {.x = b.in(x), .dy = b.in(dy, b.acc()), .dx = b.out(t.x), .geometry = t.geometry});
    });
    for (size_t i = 0; i < x.data.size(); ++i) {
      const double want = difference(x, i, [&](const Host& v) { return dot(dy, forward(t, v)); });
      EXPECT_NEAR(got[0].data[i], want, 1e-8);
    }
  }
}

KERNEL_TEST(minibatch_stddev_vjp2, MatchesFiniteDifference) {
  for (const Case& t : kCases) {
    if (t.x.numel() > 1000) continue;
    SCOPED_TRACE(t.name);
    const Host x = random_host(t.x, 1), dy = random_host({t.x.n, 1, 1, 1}, 2);
    const Host u = random_host(t.x, 3);
    const auto got = second_order(t, DType::f64, x, dy, u);
    for (size_t i = 0; i < dy.data.size(); ++i) {
      const double want = difference(dy, i, [&](const Host& v) { return dot(u, vjp(t, x, v)); });
      EXPECT_NEAR(got[0].data[i], want, 1e-8);
    }
    for (size_t i = 0; i < x.data.size(); ++i) {
      const double want = difference(x, i, [&](const Host& v) { return dot(u, vjp(t, v, dy)); });
      EXPECT_NEAR(got[1].data[i], want, 1e-7);
    }
  }
}

KERNEL_TEST(minibatch_stddev_vjp2, LowerPrecisionMatchesDouble) {
  for (const Case& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host x = random_host(t.x, 1), dy = random_host({t.x.n, 1, 1, 1}, 2);
    const Host u = random_host(t.x, 3);
    const auto want = second_order(t, DType::f64, x, dy, u);
    const auto f32 = second_order(t, DType::f32, x, dy, u);
    expect_close(f32[0], want[0], DType::f32, t.geometry.group * t.geometry.group);
    expect_close(f32[1], want[1], DType::f32, t.geometry.group * t.geometry.group);
    if (!device_supports_bf16()) continue;
    const auto bf16 = second_order(t, DType::bf16, x, dy, u);
    expect_close(bf16[0], want[0], DType::f32, t.geometry.group);
    expect_close(bf16[1], want[1], DType::bf16, t.geometry.group);
  }
}

KERNEL_TEST(minibatch_stddev_vjp2, HasTheSameBitsAtOddAddresses) {
  const Case& t = kCases[7];
  const Host x = random_host(t.x, 1), dy = random_host({t.x.n, 1, 1, 1}, 2);
  const Host u = random_host(t.x, 3);
  expect_same_at_odd_addresses([&](Bench& b) {
    b.backend().minibatch_stddev(
        {.x = b.in(x), .y = b.out(dy.shape, b.acc()), .geometry = t.geometry});
    b.backend().minibatch_stddev_vjp(
        {.x = b.in(x), .dy = b.in(dy, b.acc()), .dx = b.out(t.x), .geometry = t.geometry});
    b.backend().minibatch_stddev_vjp2({.x = b.in(x),
                                       .dy = b.in(dy, b.acc()),
                                       .u = b.in(u),
                                       .ddy = b.out(dy.shape, b.acc()),
                                       .dx = b.out(t.x),
                                       .geometry = t.geometry});
  });
}

KERNEL_TEST(minibatch_stddev_vjp2, ComputesEachResultWithoutTheOther) {
  const Case& t = kCases[0];
  const Host x = random_host(t.x, 1), dy = random_host({t.x.n, 1, 1, 1}, 2);
  const Host u = random_host(t.x, 3);
  const auto both = second_order(t, DType::f64, x, dy, u);
  const auto alone = run(DType::f64, [&](Bench& b) {
    MinibatchStddevVjp2Args args{
        .x = b.in(x), .dy = b.in(dy, b.acc()), .u = b.in(u), .geometry = t.geometry};
    args.ddy = b.out(dy.shape);
    b.backend().minibatch_stddev_vjp2(args);
    args.ddy = {};
    args.dx = b.out(x.shape);
    b.backend().minibatch_stddev_vjp2(args);
  });
  EXPECT_EQ(alone[0].data, both[0].data);
  EXPECT_EQ(alone[1].data, both[1].data);
}

}  // namespace
}  // namespace pg::test
