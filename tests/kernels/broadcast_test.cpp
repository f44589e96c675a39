// broadcast_test.cpp: elementwise kernels whose inputs repeat along some extents.
#include <algorithm>

#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

// The extents of y whose bit in `mask` is set; 1 elsewhere.
Shape part_of(const Shape& y, int mask) {
  return {mask & 8 ? y.n : 1, mask & 4 ? y.h : 1, mask & 2 ? y.w : 1, mask & 1 ? y.c : 1};
}

double at(const Host& v, int64_t n, int64_t h, int64_t w, int64_t c) {
  const Shape& s = v.shape;
  return v(s.n == 1 ? 0 : n, s.h == 1 ? 0 : h, s.w == 1 ? 0 : w, s.c == 1 ? 0 : c);
}

double reference(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::add:
      return a + b;
    case BinaryOp::sub:
      return a - b;
    case BinaryOp::mul:
      return a * b;
    case BinaryOp::div:
      return a / b;
  }
  return 0;
}

void check_binary(BinaryOp op, const Shape& sa, const Shape& sb) {
  SCOPED_TRACE(message("op ", static_cast<int>(op), ", ", sa, " and ", sb));
  const Host a = random_host(sa, 1), b = random_host(sb, 2, 0.5, 2.0);
  Host y({std::max(sa.n, sb.n), std::max(sa.h, sb.h), std::max(sa.w, sb.w), std::max(sa.c, sb.c)});
  for_each(y.shape, [&](auto n, auto h, auto w, auto c) {
    y(n, h, w, c) = reference(op, at(a, n, h, w, c), at(b, n, h, w, c));
  });
  expect_matches(
      [&](Bench& bench) {
        bench.backend().binary(
            {.a = bench.in(a), .b = bench.in(b), .y = bench.out(y.shape), .op = op});
      },
      {y});
}

KERNEL_TEST(binary, MatchesReferenceInEveryBroadcast) {
  const Shape y{2, 3, 5, 7};
  for (int a = 0; a < 16; ++a) {
    for (int b = 0; b < 16; ++b) check_binary(BinaryOp::sub, part_of(y, a), part_of(y, b));
  }
}

KERNEL_TEST(binary, MatchesReferenceOverSeveralChunks) {
  const Shape y{5, 13, 17, 11};
  for (const BinaryOp op : {BinaryOp::add, BinaryOp::sub, BinaryOp::mul, BinaryOp::div}) {
    for (const int other : {0, 1, 8, 14, 15}) {
      check_binary(op, y, part_of(y, other));
      check_binary(op, part_of(y, other), y);
    }
  }
  check_binary(BinaryOp::mul, part_of(y, 14), part_of(y, 1));
}

KERNEL_TEST(binary, MatchesReferenceInPacks) {
  const Shape y{3, 7, 9, 24};
  for (const int other : {0, 1, 6, 7, 8, 9, 14, 15}) {
    check_binary(BinaryOp::sub, y, part_of(y, other));
    check_binary(BinaryOp::div, part_of(y, other), y);
  }
}

KERNEL_TEST(binary, WritesInPlace) {
  const Host a = random_host({3, 21, 41, 19}, 1), b = random_host({1, 1, 1, 19}, 2, 1.0, 2.0);
  Host y = a, square = a;
  for_each(y.shape, [&](auto n, auto h, auto w, auto c) {
    y(n, h, w, c) /= b(0, 0, 0, c);
    square(n, h, w, c) *= a(n, h, w, c);
  });
  expect_matches(
      [&](Bench& bench) {
        const TensorView first = bench.inout(a);
        bench.backend().binary({.a = first, .b = bench.in(b), .y = first, .op = BinaryOp::div});
        const TensorView second = bench.inout(a);
        bench.backend().binary({.a = second, .b = second, .y = second, .op = BinaryOp::mul});
      },
      {y, square});
}

KERNEL_TEST(lerp, MatchesReferenceForOneWeightAndOnePerSample) {
  for (const Shape& s :
       {Shape{1, 1, 1, 1}, Shape{3, 5, 7, 3}, Shape{3, 31, 37, 11}, Shape{3, 9, 8, 16}}) {
    for (const Shape& weights : {Shape{}, Shape{s.n, 1, 1, 1}}) {
      const Host a = random_host(s, 1), b = random_host(s, 2), t = random_host(weights, 3, 0, 1);
      Host y(s);
      for_each(s, [&](auto n, auto h, auto w, auto c) {
        const double from = a(n, h, w, c);
        y(n, h, w, c) = from + (b(n, h, w, c) - from) * at(t, n, h, w, c);
      });
      expect_matches(
          [&](Bench& bench) {
            bench.backend().lerp({.a = bench.in(a),
                                  .b = bench.in(b),
                                  .t = bench.in(t, bench.acc()),
                                  .y = bench.out(s)});
            const TensorView over = bench.inout(b);
            bench.backend().lerp(
                {.a = bench.in(a), .b = over, .t = bench.in(t, bench.acc()), .y = over});
          },
          {y, y});
    }
  }
}

KERNEL_TEST(lerp, ScalesOneOperandIfTheOtherIsAbsent) {
  constexpr double kSlope = 0.25;
  for (const Shape& s : {Shape{3, 5, 7, 3}, Shape{3, 9, 8, 16}}) {
    for (const Shape& weights : {Shape{}, Shape{s.n, 1, 1, 1}}) {
      const Host x = random_host(s, 1), gate = random_host(s, 2), t = random_host(weights, 3, 0, 1);
      Host a(s), b(s), gated_a(s), gated_b(s);
      for_each(s, [&](auto n, auto h, auto w, auto c) {
        const double of_b = at(t, n, h, w, c), by = gate(n, h, w, c) > 0 ? 1.0 : kSlope;
        a(n, h, w, c) = x(n, h, w, c) * (1 - of_b);
        b(n, h, w, c) = x(n, h, w, c) * of_b;
        gated_a(n, h, w, c) = by * a(n, h, w, c);
        gated_b(n, h, w, c) = by * b(n, h, w, c);
      });
      expect_matches(
          [&](Bench& bench) {
            LerpArgs args{.a = bench.in(x), .t = bench.in(t, bench.acc()), .y = bench.out(s)};
            bench.backend().lerp(args);
            std::swap(args.a, args.b);
            args.y = bench.out(s);
            bench.backend().lerp(args);
            args.gate = bench.in(gate);
            args.gate_slope = kSlope;
            args.y = bench.out(s);
            bench.backend().lerp(args);
            std::swap(args.a, args.b);
            args.y = bench.inout(x);
            args.a = args.y;
            bench.backend().lerp(args);
          },
          {a, b, gated_b, gated_a});
    }
  }
}

struct ChannelCase {
  Shape x, y;
  int64_t x_first, y_first, count;
};

KERNEL_TEST(copy_channels, MatchesReference) {
  const ChannelCase cases[] = {
      {{2, 3, 5, 7}, {2, 3, 5, 9}, 0, 1, 7},       // concatenation, with room on both sides
      {{2, 3, 5, 7}, {2, 3, 5, 4}, 2, 0, 4},       // a slice
      {{3, 1, 1, 1}, {3, 4, 4, 6}, 0, 5, 1},       // one value per sample
      {{2, 3, 5, 7}, {2, 3, 5, 7}, 3, 2, 0},       // nothing
      {{2, 33, 35, 8}, {2, 33, 35, 17}, 1, 8, 6},  // several chunks
      {{2, 9, 8, 24}, {2, 9, 8, 40}, 8, 16, 8},    // whole packs
      {{3, 1, 1, 8}, {3, 5, 4, 16}, 0, 8, 8}};
  for (const ChannelCase& t : cases) {
    SCOPED_TRACE(message(t.x, " to ", t.y));
    const Host x = random_host(t.x, 1), before = random_host(t.y, 2);
    Host y(t.y), sum = before;
    for_each(t.y, [&](auto n, auto h, auto w, auto c) {
      const int64_t i = c - t.y_first;
      if (i < 0 || i >= t.count) return;
      const double value = x(n, t.x.h == 1 ? 0 : h, t.x.w == 1 ? 0 : w, t.x_first + i);
      y(n, h, w, c) = value;
      sum(n, h, w, c) += value;
    });
    expect_matches(
        [&](Bench& b) {
          CopyChannelsArgs args{.x = b.in(x),
                                .y = b.out(t.y),
                                .x_first = t.x_first,
                                .y_first = t.y_first,
                                .count = t.count};
          b.backend().copy_channels(args);
          args.y = b.inout(before);
          args.accumulate = Accumulate::add;
          b.backend().copy_channels(args);
        },
        {y, sum});
  }
}

TEST(Broadcast, HasTheSameBitsAtOddAddresses) {
  const Shape s{3, 9, 8, 24};
  const Host a = random_host(s, 1), b = random_host(s, 2), t = random_host({3, 1, 1, 1}, 3);
  expect_same_at_odd_addresses([&](Bench& bench) {
    for (const int mask : {1, 8, 14, 15}) {
      const Host other = random_host(part_of(s, mask), 4, 0.5, 2.0);
      bench.backend().binary(
          {.a = bench.in(a), .b = bench.in(other), .y = bench.out(s), .op = BinaryOp::div});
    }
    bench.backend().lerp(
        {.a = bench.in(a), .b = bench.in(b), .t = bench.in(t, bench.acc()), .y = bench.out(s)});
    bench.backend().copy_channels(
        {.x = bench.in(a), .y = bench.out({3, 9, 8, 40}), .x_first = 8, .y_first = 16, .count = 8});
  });
}

}  // namespace
}  // namespace pg::test
