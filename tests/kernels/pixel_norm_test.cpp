// pixel_norm_test.cpp: pixelwise feature vector normalisation.
#include <cmath>
#include <limits>

#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

// One or several pixels per warp, with and without whole packs, and too many channels for one warp.
constexpr Shape kShapes[] = {{1, 1, 1, 1},    {2, 3, 5, 3},    {2, 3, 5, 17},
                             {1, 3, 5, 40},   {1, 3, 3, 256},  {2, 5, 9, 512},
                             {3, 33, 35, 16}, {1, 1, 3, 1040}, {1, 1, 3, 1037}};

struct Reference {
  Host y, r;
};

Reference forward(const Host& x, double eps) {
  const Shape& s = x.shape;
  Reference f{Host(s), Host({s.n, s.h, s.w, 1})};
  for_each(f.r.shape, [&](auto n, auto h, auto w, auto) {
    double squares = 0.0;
    for (int64_t c = 0; c < s.c; ++c) squares += x(n, h, w, c) * x(n, h, w, c);
    f.r(n, h, w, 0) = 1 / std::sqrt(squares / static_cast<double>(s.c) + eps);
    for (int64_t c = 0; c < s.c; ++c) f.y(n, h, w, c) = x(n, h, w, c) * f.r(n, h, w, 0);
  });
  return f;
}

KERNEL_TEST(pixel_norm, MatchesReference) {
  for (const Shape& s : kShapes) {
    for (const double eps : {1e-8, 0.1}) {
      const Host x = random_host(s, 1);
      const Reference want = forward(x, eps);
      expect_matches(
          [&](Bench& b) {
            b.backend().pixel_norm(
                {.x = b.in(x), .y = b.out(s), .r = b.out(want.r.shape, b.acc()), .eps = eps});
            b.backend().pixel_norm({.x = b.in(x), .y = b.out(s), .eps = eps});
            const TensorView same = b.inout(x);
            b.backend().pixel_norm({.x = same, .y = same, .eps = eps});
          },
          {want.y, want.r, want.y, want.y}, s.c);
    }
  }
}

KERNEL_TEST(pixel_norm, NonFiniteValuesAffectOnlyTheirPixel) {
  Host x = random_host({1, 2, 3, 20}, 1);
  x(0, 1, 0, 7) = std::numeric_limits<double>::quiet_NaN();
  x(0, 1, 2, 19) = std::numeric_limits<double>::infinity();
  const auto got = run(
      DType::f32, [&](Bench& b) { b.backend().pixel_norm({.x = b.in(x), .y = b.out(x.shape)}); });
  for_each(x.shape, [&](auto n, auto h, auto w, auto c) {
    if (h == 1 && w != 1) return;
    EXPECT_TRUE(std::isfinite(got[0](n, h, w, c))) << h << " " << w << " " << c;
  });
  EXPECT_TRUE(std::isnan(got[0](0, 1, 0, 0)));
  EXPECT_TRUE(std::isnan(got[0](0, 1, 2, 19)));
}

KERNEL_TEST(pixel_norm_vjp, MatchesReference) {
  for (const Shape& s : kShapes) {
    for (const double slope : {0.2, 1.0}) {
      const Host dy = random_host(s, 1), y = random_host(s, 2);
      const Host r = random_host({s.n, s.h, s.w, 1}, 3, 0.5, 2.0);
      Host dx(s);
      for_each(r.shape, [&](auto n, auto h, auto w, auto) {
        double mean = 0.0;
        for (int64_t c = 0; c < s.c; ++c) mean += dy(n, h, w, c) * y(n, h, w, c);
        mean /= static_cast<double>(s.c);
        for (int64_t c = 0; c < s.c; ++c) {
          const double g = r(n, h, w, 0) * (dy(n, h, w, c) - y(n, h, w, c) * mean);
          dx(n, h, w, c) = g * (y(n, h, w, c) > 0 ? 1 : slope);
        }
      });
      expect_matches(
          [&](Bench& b) {
            b.backend().pixel_norm_vjp({.dy = b.in(dy),
                                        .y = b.in(y),
                                        .r = b.in(r, b.acc()),
                                        .dx = b.out(s),
                                        .slope = slope});
            const TensorView same = b.inout(dy);
            b.backend().pixel_norm_vjp(
                {.dy = same, .y = b.in(y), .r = b.in(r, b.acc()), .dx = same, .slope = slope});
          },
          {dx, dx}, s.c);
    }
  }
}

KERNEL_TEST(pixel_norm_vjp, MatchesFiniteDifference) {
  const Shape s{1, 2, 2, 5};
  const Host x = random_host(s, 1), dy = random_host(s, 2);
  const auto loss = [&](const Host& at) {
    const Host y = forward(at, 1e-8).y;
    double sum = 0.0;
    for (size_t i = 0; i < y.data.size(); ++i) sum += dy.data[i] * y.data[i];
    return sum;
  };
  const Reference f = forward(x, 1e-8);
  const auto got = run(DType::f64, [&](Bench& b) {
    b.backend().pixel_norm_vjp({.dy = b.in(dy), .y = b.in(f.y), .r = b.in(f.r), .dx = b.out(s)});
  });
  for (size_t i = 0; i < x.data.size(); ++i) {
    const double step = 1e-5;
    Host high = x, low = x;
    high.data[i] += step;
    low.data[i] -= step;
    EXPECT_NEAR(got[0].data[i], (loss(high) - loss(low)) / (2 * step), 1e-8);
  }
}

KERNEL_TEST(pixel_norm, HasTheSameBitsAtOddAddresses) {
  for (const Shape& s : {Shape{2, 3, 5, 17}, Shape{2, 3, 5, 24}, Shape{1, 2, 3, 512}}) {
    const Host x = random_host(s, 1), dy = random_host(s, 2);
    const Host r = random_host({s.n, s.h, s.w, 1}, 3, 0.5, 2.0);
    expect_same_at_odd_addresses([&](Bench& b) {
      b.backend().pixel_norm({.x = b.in(x), .y = b.out(s), .r = b.out(r.shape, b.acc())});
      b.backend().pixel_norm_vjp(
          {.dy = b.in(dy), .y = b.in(x), .r = b.in(r, b.acc()), .dx = b.out(s), .slope = 0.2});
    });
  }
}

}  // namespace
}  // namespace pg::test
