// resample_test.cpp: upsampling, pooling and the fused fade-in.
#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

struct Case {
  Shape small;
  int64_t factor;

  Shape large() const { return {small.n, small.h * factor, small.w * factor, small.c}; }
};

constexpr Case kCases[] = {{{2, 3, 5, 7}, 2},   {{2, 3, 5, 3}, 1},   {{1, 2, 3, 5}, 3},
                           {{1, 1, 1, 3}, 8},   {{3, 21, 17, 9}, 2}, {{2, 31, 33, 3}, 2},
                           {{2, 11, 9, 17}, 4}, {{2, 9, 8, 24}, 2},  {{1, 3, 4, 16}, 4}};

KERNEL_TEST(upsample, MatchesReference) {
  for (const Case& t : kCases) {
    const Host x = random_host(t.small, 1);
    Host y(t.large());
    for_each(y.shape, [&](auto n, auto h, auto w, auto c) {
      y(n, h, w, c) = 0.3 * x(n, h / t.factor, w / t.factor, c);
    });
    expect_matches(
        [&](Bench& b) {
          b.backend().upsample(
              {.x = b.in(x), .y = b.out(y.shape), .factor = t.factor, .scale = 0.3});
        },
        {y});
  }
}

KERNEL_TEST(avg_pool, MatchesReference) {
  for (const Case& t : kCases) {
    const Host x = random_host(t.large(), 1);
    Host y(t.small);
    const double scale = 0.3 / static_cast<double>(t.factor * t.factor);
    for_each(x.shape, [&](auto n, auto h, auto w, auto c) {
      y(n, h / t.factor, w / t.factor, c) += scale * x(n, h, w, c);
    });
    expect_matches(
        [&](Bench& b) {
          b.backend().avg_pool(
              {.x = b.in(x), .y = b.out(y.shape), .factor = t.factor, .scale = 0.3});
        },
        {y}, t.factor * t.factor);
  }
}

KERNEL_TEST(fade_in, MatchesReference) {
  for (const Case& t : kCases) {
    if (t.factor != 2) continue;
    const Host lo = random_host(t.small, 1), hi = random_host(t.large(), 2);
    for (const double alpha : {0.0, 0.3125, 1.0}) {
      Host y(t.large());
      for_each(y.shape, [&](auto n, auto h, auto w, auto c) {
        y(n, h, w, c) = (1 - alpha) * lo(n, h / 2, w / 2, c) + alpha * hi(n, h, w, c);
      });
      expect_matches(
          [&](Bench& b) {
            const ConstTensorView weight = b.in(Host({}, alpha), b.acc());
            b.backend().fade_in(
                {.lo = b.in(lo), .hi = b.in(hi), .alpha = weight, .y = b.out(y.shape)});
            const TensorView same = b.inout(hi);
            b.backend().fade_in({.lo = b.in(lo), .hi = same, .alpha = weight, .y = same});
          },
          {y, y});
    }
  }
}

KERNEL_TEST(fade_in_vjp, MatchesReference) {
  for (const Case& t : kCases) {
    if (t.factor != 2) continue;
    const Host dy = random_host(t.large(), 1);
    const double alpha = 0.3125;
    Host dlo(t.small), dhi(t.large());
    for_each(dy.shape, [&](auto n, auto h, auto w, auto c) {
      dlo(n, h / 2, w / 2, c) += (1 - alpha) * dy(n, h, w, c);
      dhi(n, h, w, c) = alpha * dy(n, h, w, c);
    });
    expect_matches(
        [&](Bench& b) {
          const ConstTensorView weight = b.in(Host({}, alpha), b.acc());
          b.backend().fade_in_vjp(
              {.dy = b.in(dy), .alpha = weight, .dlo = b.out(t.small), .dhi = b.out(dy.shape)});
          b.backend().fade_in_vjp({.dy = b.in(dy), .alpha = weight, .dlo = b.out(t.small)});
          b.backend().fade_in_vjp({.dy = b.in(dy), .alpha = weight, .dhi = b.out(dy.shape)});
          const TensorView same = b.inout(dy);
          b.backend().fade_in_vjp(
              {.dy = same, .alpha = weight, .dlo = b.out(t.small), .dhi = same});
        },
        {dlo, dhi, dlo, dhi, dhi, dlo}, 4);
  }
}

TEST(Resample, HasTheSameBitsAtOddAddresses) {
  const Case t{{2, 9, 8, 24}, 2};
  const Host small = random_host(t.small, 1), large = random_host(t.large(), 2);
  const Host alpha({}, 0.3125);
  expect_same_at_odd_addresses([&](Bench& b) {
    b.backend().upsample({.x = b.in(small), .y = b.out(t.large()), .scale = 0.3});
    b.backend().avg_pool({.x = b.in(large), .y = b.out(t.small), .scale = 0.3});
    b.backend().fade_in({.lo = b.in(small),
                         .hi = b.in(large),
                         .alpha = b.in(alpha, b.acc()),
                         .y = b.out(t.large())});
    b.backend().fade_in_vjp({.dy = b.in(large),
                             .alpha = b.in(alpha, b.acc()),
                             .dlo = b.out(t.small),
                             .dhi = b.out(t.large())});
  });
}

}  // namespace
}  // namespace pg::test
