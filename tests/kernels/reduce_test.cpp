// reduce_test.cpp: sums and the gradient check.
#include <cmath>
#include <limits>

#include "tests/kernels/kernel_device.h"
#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

Shape part_of(const Shape& x, int mask) {
  return {mask & 8 ? x.n : 1, mask & 4 ? x.h : 1, mask & 2 ? x.w : 1, mask & 1 ? x.c : 1};
}

void check_sum(const Shape& sx, const Shape& sy) {
  SCOPED_TRACE(message(sx, " to ", sy));
  const Host x = random_host(sx, 1, -0.5, 1.5), before = random_host(sy, 2);
  Host y(sy), sum = before;
  for_each(sx, [&](auto n, auto h, auto w, auto c) {
    y(sy.n == 1 ? 0 : n, sy.h == 1 ? 0 : h, sy.w == 1 ? 0 : w, sy.c == 1 ? 0 : c) +=
        0.3 * x(n, h, w, c);
  });
  for (size_t i = 0; i < y.data.size(); ++i) sum.data[i] += y.data[i];
  const auto call_to = [&](Bench& b, DType dtype) {
    ReduceSumArgs args{.x = b.in(x), .y = b.out(sy, dtype), .scale = 0.3};
    b.backend().reduce_sum(args);
    args.y = b.inout(before, dtype);
    args.accumulate = Accumulate::add;
    b.backend().reduce_sum(args);
  };
  const auto call = [&](Bench& b) { call_to(b, b.dtype()); };
  // In f32 the sum is f64 and rounded once: no growth with its length.
  const auto f32 = run(DType::f32, call);
  expect_close(f32[0], y, DType::f32);
  expect_close(f32[1], sum, DType::f32);
  const auto f64 = run(DType::f64, call);
  expect_close(f64[0], y, DType::f64, sx.numel() / sy.numel());
  expect_close(f64[1], sum, DType::f64, sx.numel() / sy.numel());
  if (!device_takes_bf16()) return;
  const auto bf16 = run(DType::bf16, call);
  expect_close(bf16[0], y, DType::bf16);
  expect_close(bf16[1], sum, DType::bf16);
  const auto wide = run(DType::bf16, [&](Bench& b) { call_to(b, DType::f32); });
  expect_close(wide[0], y, DType::f32);
  expect_close(wide[1], sum, DType::f32);
}

KERNEL_TEST(ReduceSum, MatchesReferenceForEveryPattern) {
  for (const Shape& x : {Shape{2, 3, 5, 7}, Shape{1, 6, 1, 4}, Shape{3, 17, 19, 23}}) {
    for (int mask = 0; mask < 16; ++mask) check_sum(x, part_of(x, mask));
  }
}

KERNEL_TEST(ReduceSum, MatchesReferenceOverSeveralChunks) {
  check_sum({3, 50, 61, 3}, {1, 1, 1, 3});
  check_sum({2, 33, 35, 70}, {1, 1, 1, 70});
  check_sum({7, 5, 7, 300}, {1, 5, 7, 300});
  check_sum({3, 40, 41, 11}, {3, 1, 1, 1});
  check_sum({3, 40, 41, 11}, {1, 1, 1, 1});
  check_sum({2, 30, 41, 13}, {2, 30, 41, 1});
  check_sum({3, 5, 7, 600}, {3, 1, 1, 600});
}

KERNEL_TEST(ReduceSum, MatchesReferenceInPacks) {
  check_sum({3, 32, 24, 3}, {1, 1, 1, 3});  // packs over several pixels
  check_sum({3, 24, 32, 16}, {1, 1, 1, 16});
  check_sum({2, 8, 12, 136}, {2, 1, 1, 136});
  check_sum({5, 4, 4, 72}, {1, 4, 4, 72});
  check_sum({2, 5, 7, 72}, {2, 5, 7, 1});
  check_sum({3, 32, 24, 16}, {3, 1, 1, 1});
  check_sum({3, 32, 24, 16}, {1, 1, 1, 1});
  check_sum({3, 8, 6, 16}, {1, 8, 1, 16});  // not neighbours
}

KERNEL_TEST(ReduceSum, HasTheSameBitsAtOddAddresses) {
  const Host x = random_host({2, 12, 10, 24}, 1);
  const Host rgb = random_host({2, 8, 8, 3}, 2);
  expect_same_at_odd_addresses([&](Bench& b) {
    for (const int mask : {0, 1, 5, 7, 8, 14}) {
      b.backend().reduce_sum({.x = b.in(x), .y = b.out(part_of(x.shape, mask))});
    }
    b.backend().reduce_sum({.x = b.in(rgb), .y = b.out({1, 1, 1, 3})});
  });
}

KERNEL_TEST(ReduceSum, HasTheSameBitsAtAnyNumberOfThreads) {
  // Values whose f64 sum is not exact, unlike that of the f32 values elsewhere: order shows.
  Host x = random_host({3, 90, 101, 7}, 1);
  for (double& v : x.data) v = std::exp(8 * v);
  for (const int mask : {0, 1, 6, 7, 8, 9, 14}) {
    run(DType::f64, [&](Bench& b) {
      b.backend().reduce_sum({.x = b.in(x), .y = b.out(part_of(x.shape, mask))});
    });
  }
}

KERNEL_TEST(GradCheck, GivesTheNormAndAdvancesTheStep) {
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

KERNEL_TEST(GradCheck, FindsOneValueThatIsNotFinite) {
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

KERNEL_TEST(GradCheck, NotesTheFirstBadCheckAndElementUntilCleared) {
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
      EXPECT_EQ(noted(g, {7, 3, 5}), (Numbers{8, 3, 5})) << "an earlier one stays";
    }
  }
}

KERNEL_TEST(GradCheck, TakesTheLargestFiniteValues) {
  const Host g({1, 1, 1, 2}, static_cast<double>(std::numeric_limits<float>::max()));
  const auto got = run(DType::f32, [&](Bench& b) {
    b.backend().grad_check({.g = b.in(g), .stats = b.out({1, 1, 1, 2}, DType::f64)});
  });
  EXPECT_EQ(got[0].data[0], 1.0);
  EXPECT_NEAR(got[0].data[1] / (g.data[0] * std::sqrt(2.0)), 1.0, 1e-13);
}

KERNEL_TEST(AddScalars, AddsNumbersOfBothTypes) {
  const Host x = random_host({1, 1, 1, 3}, 1), before = random_host({1, 1, 1, 3}, 2);
  Host want = before;
  for (size_t i = 0; i < 3; ++i) want.data[i] += x.data[i];
  const std::vector<Host> got = run(DType::f64, [&](Bench& b) {
    AddScalarsArgs args{.count = 3, .sums = b.inout(before)};
    const DType types[] = {DType::f32, DType::f64, DType::f32};
    for (size_t i = 0; i < 3; ++i) args.x[i] = b.in(Host({}, x.data[i]), types[i]);
    b.backend().add_scalars(args);
  });
  expect_close(got[0], want, DType::f64);
}

KERNEL_TEST(GradCheck, HasTheSameBitsAtOddAddresses) {
  const Host g = random_host({1, 1, 1, 10003}, 1);
  expect_same_at_odd_addresses(
      [&](Bench& b) {
        b.backend().grad_check({.g = b.in(g), .stats = b.out({1, 1, 1, 2}, DType::f64)});
      },
      Floats::f64_f32);
}

}  // namespace
}  // namespace pg::test
