// reduce_test.cpp: sums.
#include <cmath>

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
  // f32 sums are f64, rounded once: the error does not grow with the length.
  const auto f32 = run(DType::f32, call);
  expect_close(f32[0], y, DType::f32);
  expect_close(f32[1], sum, DType::f32);
  const auto f64 = run(DType::f64, call);
  expect_close(f64[0], y, DType::f64, sx.numel() / sy.numel());
  expect_close(f64[1], sum, DType::f64, sx.numel() / sy.numel());
  if (!device_supports_bf16()) return;
  const auto bf16 = run(DType::bf16, call);
  expect_close(bf16[0], y, DType::bf16);
  expect_close(bf16[1], sum, DType::bf16);
  const auto wide = run(DType::bf16, [&](Bench& b) { call_to(b, DType::f32); });
  expect_close(wide[0], y, DType::f32);
  expect_close(wide[1], sum, DType::f32);
}

KERNEL_TEST(reduce_sum, MatchesReferenceForEveryPattern) {
  for (const Shape& x : {Shape{2, 3, 5, 7}, Shape{1, 6, 1, 4}, Shape{3, 17, 19, 23}}) {
    for (int mask = 0; mask < 16; ++mask) check_sum(x, part_of(x, mask));
  }
}

KERNEL_TEST(reduce_sum, MatchesReferenceOverSeveralChunks) {
  check_sum({3, 50, 61, 3}, {1, 1, 1, 3});
  check_sum({2, 33, 35, 70}, {1, 1, 1, 70});
  check_sum({7, 5, 7, 300}, {1, 5, 7, 300});
  check_sum({3, 40, 41, 11}, {3, 1, 1, 1});
  check_sum({3, 40, 41, 11}, {1, 1, 1, 1});
  check_sum({2, 30, 41, 13}, {2, 30, 41, 1});
  check_sum({3, 5, 7, 600}, {3, 1, 1, 600});
}

KERNEL_TEST(reduce_sum, MatchesReferenceInPacks) {
  check_sum({3, 32, 24, 3}, {1, 1, 1, 3});  // packs over several pixels
  check_sum({3, 24, 32, 16}, {1, 1, 1, 16});
  check_sum({2, 8, 12, 136}, {2, 1, 1, 136});
  check_sum({5, 4, 4, 72}, {1, 4, 4, 72});
  check_sum({2, 5, 7, 72}, {2, 5, 7, 1});
  check_sum({3, 32, 24, 16}, {3, 1, 1, 1});
  check_sum({3, 32, 24, 16}, {1, 1, 1, 1});
  check_sum({3, 8, 6, 16}, {1, 8, 1, 16});  // not neighbours
}

KERNEL_TEST(sum_squares, MatchesReference) {
  for (const Shape& s : {Shape{3, 1, 1, 1}, Shape{2, 5, 7, 3}, Shape{3, 40, 41, 11},
                         Shape{2, 64, 64, 3}, Shape{5, 1, 1, 72}}) {
    SCOPED_TRACE(message(s));
    const Host x = random_host(s, 1);
    Host y({s.n, 1, 1, 1});
    for_each(s,
             [&](auto n, auto h, auto w, auto c) { y(n, 0, 0, 0) += std::pow(x(n, h, w, c), 2); });
    const auto call = [&](Bench& b) {
      b.backend().sum_squares({.x = b.in(x), .y = b.out(y.shape, b.acc())});
    };
    // Squares of f32 numbers are rounded before they are added.
    const int64_t terms = s.numel() / s.n;
    expect_close(run(DType::f32, call)[0], y, DType::f32, 2);
    expect_close(run(DType::f64, call)[0], y, DType::f64, terms);
    if (device_supports_bf16()) expect_close(run(DType::bf16, call)[0], y, DType::f32, 2);
  }
}

KERNEL_TEST(sum_squares, HasTheSameBitsAtOddAddresses) {
  const Host x = random_host({2, 12, 10, 24}, 1), rgb = random_host({2, 32, 32, 3}, 2);
  expect_same_at_odd_addresses([&](Bench& b) {
    for (const Host* images : {&x, &rgb}) {
      b.backend().sum_squares({.x = b.in(*images), .y = b.out({2, 1, 1, 1}, b.acc())});
    }
  });
}

KERNEL_TEST(reduce_sum, HasTheSameBitsAtOddAddresses) {
  const Host x = random_host({2, 12, 10, 24}, 1);
  const Host rgb = random_host({2, 8, 8, 3}, 2);
  expect_same_at_odd_addresses([&](Bench& b) {
    for (const int mask : {0, 1, 5, 7, 8, 14}) {
      b.backend().reduce_sum({.x = b.in(x), .y = b.out(part_of(x.shape, mask))});
    }
    b.backend().reduce_sum({.x = b.in(rgb), .y = b.out({1, 1, 1, 3})});
  });
}

KERNEL_TEST(reduce_sum, HasTheSameBitsAtAnyNumberOfThreads) {
  // Values whose f64 sum is inexact, unlike the f32 values elsewhere, so the order matters.
  Host x = random_host({3, 90, 101, 7}, 1);
  for (double& v : x.data) v = std::exp(8 * v);
  for (const int mask : {0, 1, 6, 7, 8, 9, 14}) {
    run(DType::f64, [&](Bench& b) {
      b.backend().reduce_sum({.x = b.in(x), .y = b.out(part_of(x.shape, mask))});
    });
  }
}

}  // namespace
}  // namespace pg::test
