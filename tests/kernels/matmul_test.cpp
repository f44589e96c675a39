// matmul_test.cpp: the matrix product compared with plain loops.
#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

struct Extents {
  int64_t rows, depth, columns;
};

// Row vectors, one column, tails of 4, 8, 16, 32 and 64 columns, more than 16 rows, extents that
// are multiples of 4 (vector loads), sums long enough to be split.
constexpr Extents kExtents[] = {{1, 1, 1},   {3, 5, 1},    {5, 1, 3},    {17, 40, 7},  {1, 70, 33},
                                {33, 9, 13}, {16, 64, 32}, {2, 300, 71}, {68, 44, 72}, {4, 520, 8}};

Host transposed(const Host& m) {
  Host t({m.shape.c, 1, 1, m.shape.n});
  for_each(m.shape, [&](auto i, auto, auto, auto j) { t(j, 0, 0, i) = m(i, 0, 0, j); });
  return t;
}

KERNEL_TEST(matmul, MatchesReferenceInEveryTransposition) {
  for (const Extents& e : kExtents) {
    SCOPED_TRACE(message(e.rows, " x ", e.depth, " x ", e.columns));
    const Host a = random_host({e.rows, 1, 1, e.depth}, 1);
    const Host b = random_host({e.depth, 1, 1, e.columns}, 2);
    const Host before = random_host({e.rows, 1, 1, e.columns}, 3);
    Host y(before.shape), sum = before;
    for_each(y.shape, [&](auto m, auto, auto, auto j) {
      for (int64_t l = 0; l < e.depth; ++l) y(m, 0, 0, j) += 0.3 * a(m, 0, 0, l) * b(l, 0, 0, j);
      sum(m, 0, 0, j) += y(m, 0, 0, j);
    });
    for (const Transpose ta : {Transpose::no, Transpose::yes}) {
      for (const Transpose tb : {Transpose::no, Transpose::yes}) {
        for (const Accumulate accumulate : {Accumulate::overwrite, Accumulate::add}) {
          const bool add = accumulate == Accumulate::add;
          if (add && ta != tb) continue;
          const auto call = [&](Bench& bench) {
            bench.backend().matmul({.a = bench.in(ta == Transpose::yes ? transposed(a) : a),
                                    .b = bench.in(tb == Transpose::yes ? transposed(b) : b),
                                    .y = add ? bench.inout(before) : bench.out(y.shape),
                                    .trans_a = ta,
                                    .trans_b = tb,
                                    .scale = 0.3,
                                    .accumulate = accumulate});
          };
          expect_matches(call, {add ? sum : y}, e.depth);
        }
      }
    }
  }
}

// A layer may have bf16 activations and an f32 filter and gradients.
KERNEL_TEST(matmul, SupportsF32WithBf16) {
  const Host x = random_host({9, 1, 1, 36}, 1), w = random_host({12, 1, 1, 36}, 2);
  const Host dy = random_host({9, 1, 1, 12}, 3);
  Host y(dy.shape), dw(w.shape), dx(x.shape);
  for_each({9, 1, 12, 36}, [&](auto n, auto, auto k, auto c) {
    y(n, 0, 0, k) += x(n, 0, 0, c) * w(k, 0, 0, c);
    dw(k, 0, 0, c) += dy(n, 0, 0, k) * x(n, 0, 0, c);
    dx(n, 0, 0, c) += dy(n, 0, 0, k) * w(k, 0, 0, c);
  });
  expect_matches(
      [&](Bench& b) {
        const ConstTensorView x_in = b.in(x), w_in = b.in(w, b.acc()), dy_in = b.in(dy);
        b.backend().matmul({.a = x_in, .b = w_in, .y = b.out(y.shape), .trans_b = Transpose::yes});
        b.backend().matmul(
            {.a = dy_in, .b = x_in, .y = b.out(dw.shape, b.acc()), .trans_a = Transpose::yes});
        b.backend().matmul({.a = dy_in, .b = w_in, .y = b.out(dx.shape)});
      },
      {y, dw, dx}, 36);
}

KERNEL_TEST(matmul, SupportsImagesAsRows) {
  const Host a = random_host({2, 3, 4, 5}, 1), b = random_host({6, 1, 1, 5}, 2);
  Host y({24, 1, 1, 6});
  for_each(y.shape, [&](auto m, auto, auto, auto j) {
    for (int64_t l = 0; l < 5; ++l) {
      y(m, 0, 0, j) += a.data[static_cast<size_t>(m * 5 + l)] * b(j, 0, 0, l);
    }
  });
  expect_matches(
      [&](Bench& bench) {
        bench.backend().matmul({.a = bench.in(a),
                                .b = bench.in(b),
                                .y = bench.out(y.shape),
                                .trans_b = Transpose::yes});
      },
      {y}, 5);
}

}  // namespace
}  // namespace pg::test
