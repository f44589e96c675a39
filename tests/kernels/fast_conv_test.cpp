// fast_conv_test.cpp: the fast CPU convolutions compared with plain sums in double, one test per
// instruction set of this processor.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/kernels/fast_kernels.h"

namespace pg::cpu {
namespace {

struct Case {
  ConvMode mode;
  int64_t n, h, w, c, k, r, pad;  // h, w: of x
};

std::string describe(const Case& e) {
  const char* modes[] = {"same", "up", "down"};
  return message(modes[static_cast<int>(e.mode)], " n", e.n, " ", e.h, "x", e.w, " ", e.c, "->",
                 e.k, " r", e.r, " pad", e.pad);
}

const Case kCases[] = {
    {ConvMode::same, 1, 8, 8, 16, 32, 3, 1},     {ConvMode::same, 2, 8, 12, 17, 35, 3, 1},
    {ConvMode::same, 5, 4, 4, 33, 16, 3, 1},     {ConvMode::same, 3, 7, 9, 5, 6, 3, 1},
    {ConvMode::same, 1, 1, 1, 4, 4, 3, 1},       {ConvMode::same, 2, 9, 8, 8, 20, 3, 0},
    {ConvMode::same, 2, 5, 6, 12, 7, 3, 2},      {ConvMode::same, 2, 16, 16, 160, 192, 3, 1},
    {ConvMode::same, 1, 36, 36, 200, 130, 3, 1}, {ConvMode::up, 1, 4, 4, 16, 32, 3, 1},
    {ConvMode::up, 2, 5, 3, 19, 37, 3, 1},       {ConvMode::up, 3, 8, 8, 200, 180, 3, 1},
    {ConvMode::up, 1, 1, 1, 3, 2, 3, 1},         {ConvMode::down, 1, 8, 8, 16, 32, 3, 1},
    {ConvMode::down, 2, 10, 6, 21, 34, 3, 1},    {ConvMode::down, 5, 16, 16, 180, 200, 3, 1},
    {ConvMode::down, 3, 2, 2, 7, 9, 3, 1},       {ConvMode::same, 2, 4, 4, 33, 40, 4, 0},
    {ConvMode::same, 3, 1, 1, 20, 9, 4, 3},      {ConvMode::same, 2, 6, 7, 5, 18, 5, 2},
    {ConvMode::same, 2, 9, 7, 3, 24, 1, 0},      {ConvMode::same, 2, 9, 7, 40, 3, 1, 0},
    {ConvMode::same, 1, 5, 5, 1, 17, 1, 0},      {ConvMode::same, 3, 40, 30, 16, 4, 1, 0},
    {ConvMode::same, 2, 5, 5, 24, 17, 1, 0},     {ConvMode::same, 1, 40, 40, 2, 2, 1, 0},
};

class Problem {
 public:
  explicit Problem(const Case& e) : mode_(e.mode), pad_(e.pad) {
    const int64_t p = e.h + 2 * e.pad - e.r + 1, q = e.w + 2 * e.pad - e.r + 1;
    x_shape = {e.n, e.h, e.w, e.c};
    w_shape = {e.k, e.r, e.r, e.c};
    y_shape = {e.n, p, q, e.k};
    if (mode_ == ConvMode::up) y_shape = {e.n, 2 * e.h, 2 * e.w, e.k};
    if (mode_ == ConvMode::down) y_shape = {e.n, e.h / 2, e.w / 2, e.k};
    x = random_floats(x_shape, 1);
    w = random_floats(w_shape, 2);
    dy = random_floats(y_shape, 3);
    b = random_floats({1, 1, 1, e.k}, 4);
    geometry = {e.mode, e.pad, 0.75};
  }

  // Calls f(x index, w index, y index, weight) for every product of the trilinear form.
  template <typename F>
  void visit(F&& f) const {
    const int64_t up = mode_ == ConvMode::up ? 2 : 1, down = mode_ == ConvMode::down ? 2 : 1;
    const double weight = geometry.scale / static_cast<double>(down * down);
    for (int64_t n = 0; n < x_shape.n; ++n)
      for (int64_t p = 0; p < y_shape.h * down; ++p)
        for (int64_t q = 0; q < y_shape.w * down; ++q)
          for (int64_t r = 0; r < w_shape.h; ++r)
            for (int64_t s = 0; s < w_shape.w; ++s) {
              const int64_t h = p + r - pad_, v = q + s - pad_;
              if (h < 0 || v < 0 || h >= x_shape.h * up || v >= x_shape.w * up) continue;
              const int64_t xi = ((n * x_shape.h + h / up) * x_shape.w + v / up) * x_shape.c;
              const int64_t yi = ((n * y_shape.h + p / down) * y_shape.w + q / down) * y_shape.c;
              for (int64_t k = 0; k < w_shape.n; ++k) {
                const int64_t wi = ((k * w_shape.h + r) * w_shape.w + s) * w_shape.c;
                for (int64_t c = 0; c < w_shape.c; ++c)
                  f(static_cast<size_t>(xi + c), static_cast<size_t>(wi + c),
                    static_cast<size_t>(yi + k), weight);
              }
            }
  }

  std::vector<double> want_y() const {
    std::vector<double> y(dy.size());
    visit([&](size_t xi, size_t wi, size_t yi, double a) {
      y[yi] += a * static_cast<double>(x[xi]) * static_cast<double>(w[wi]);
    });
    return y;
  }
  std::vector<double> want_dx() const {
    std::vector<double> dx(x.size());
    visit([&](size_t xi, size_t wi, size_t yi, double a) {
      dx[xi] += a * static_cast<double>(dy[yi]) * static_cast<double>(w[wi]);
    });
    return dx;
  }
  std::vector<double> want_dw() const {
    std::vector<double> dw(w.size());
    visit([&](size_t xi, size_t wi, size_t yi, double a) {
      dw[wi] += a * static_cast<double>(dy[yi]) * static_cast<double>(x[xi]);
    });
    return dw;
  }

  // Outputs start as NaN, so unwritten elements show.
  std::vector<float> y_of(FastPath& fast) const {
    std::vector<float> y(dy.size(), NAN);
    EXPECT_TRUE(fast.conv2d({.x = view_of(x, x_shape),
                             .w = view_of(w, w_shape),
                             .b = {},
                             .y = view_of(y, y_shape),
                             .geometry = geometry}));
    return y;
  }
  std::vector<float> biased_y_of(FastPath& fast, double slope) const {
    std::vector<float> y(dy.size(), NAN);
    EXPECT_TRUE(fast.conv2d({.x = view_of(x, x_shape),
                             .w = view_of(w, w_shape),
                             .b = view_of(b, {1, 1, 1, w_shape.n}),
                             .y = view_of(y, y_shape),
                             .geometry = geometry,
                             .slope = slope}));
    return y;
  }
  std::vector<float> dx_of(FastPath& fast) const {
    std::vector<float> dx(x.size(), NAN);
    EXPECT_TRUE(fast.conv2d_input_grad(
        {view_of(dy, y_shape), view_of(w, w_shape), view_of(dx, x_shape), geometry}));
    return dx;
  }
  std::vector<float> dw_of(FastPath& fast) const {
    std::vector<float> dw(w.size(), NAN);
    EXPECT_TRUE(fast.conv2d_weight_grad(
        {view_of(dy, y_shape), view_of(x, x_shape), view_of(dw, w_shape), geometry}));
    return dw;
  }

  Shape x_shape, w_shape, y_shape;
  std::vector<float> x, w, dy, b;
  ConvGeometry geometry;

 private:
  ConvMode mode_;
  int64_t pad_;
};

class FastConvOn : public testing::TestWithParam<Isa> {};
INSTANTIATE_TEST_SUITE_P(Isa, FastConvOn, testing::ValuesIn(available()), name_of_case);

TEST_P(FastConvOn, ForwardMatchesDirectSums) {
  for (const Case& e : kCases) {
    SCOPED_TRACE(describe(e));
    const Problem problem(e);
    FastPath fast(2, GetParam());
    expect_close(problem.y_of(fast), problem.want_y());
  }
}

TEST_P(FastConvOn, InputGradientMatchesDirectSums) {
  for (const Case& e : kCases) {
    SCOPED_TRACE(describe(e));
    const Problem problem(e);
    FastPath fast(2, GetParam());
    expect_close(problem.dx_of(fast), problem.want_dx());
  }
}

TEST_P(FastConvOn, WeightGradientMatchesDirectSums) {
  for (const Case& e : kCases) {
    SCOPED_TRACE(describe(e));
    const Problem problem(e);
    FastPath fast(2, GetParam());
    expect_close(problem.dw_of(fast), problem.want_dw());
  }
}

TEST_P(FastConvOn, FusesBiasAndActivation) {
  for (const Case& e : kCases) {
    SCOPED_TRACE(describe(e));
    const Problem problem(e);
    auto want = problem.want_y();
    for (size_t i = 0; i < want.size(); ++i) {
      want[i] += static_cast<double>(problem.b[i % problem.b.size()]);
      if (want[i] < 0) want[i] *= 0.2;
    }
    FastPath fast(2, GetParam());
    expect_close(problem.biased_y_of(fast, 0.2), want);
  }
}

TEST(FastConv, WeightGradientAddsToItsDestination) {
  for (const Case& e : kCases) {
    SCOPED_TRACE(describe(e));
    const Problem problem(e);
    FastPath fast(2);
    auto want = problem.want_dw();
    std::vector<float> dw = random_floats(problem.w_shape, 9);
    for (size_t i = 0; i < want.size(); ++i) want[i] += static_cast<double>(dw[i]);
    ASSERT_TRUE(fast.conv2d_weight_grad(
        {view_of(problem.dy, problem.y_shape), view_of(problem.x, problem.x_shape),
         view_of(dw, problem.w_shape), problem.geometry, Accumulate::add}));
    expect_close(dw, want);
  }
}

TEST(FastConv, GivesTheSameBitsOnAnyNumberOfThreads) {
  std::vector<Case> cases(std::begin(kCases), std::end(kCases));
  cases.push_back({ConvMode::same, 2, 64, 64, 48, 48, 3, 1});
  cases.push_back({ConvMode::same, 4, 16, 16, 256, 256, 3, 1});
  cases.push_back({ConvMode::same, 3, 40, 40, 176, 176, 3, 1});
  for (const Case& e : cases) {
    SCOPED_TRACE(describe(e));
    const Problem problem(e);
    FastPath one(1);
    const auto y = problem.y_of(one), dx = problem.dx_of(one), dw = problem.dw_of(one);
    for (int threads : {2, 3, 7}) {
      FastPath many(threads);
      EXPECT_TRUE(same_bits(problem.y_of(many), y)) << threads;
      EXPECT_TRUE(same_bits(problem.dx_of(many), dx)) << threads;
      EXPECT_TRUE(same_bits(problem.dw_of(many), dw)) << threads;
    }
  }
}

// A batch has enough tiles to be divided in the other way; single images do not.
TEST(FastConv, BatchMatchesItsImagesOneByOne) {
  for (ConvMode mode : {ConvMode::same, ConvMode::up, ConvMode::down}) {
    const int64_t side = mode == ConvMode::up ? 24 : 48;
    const Problem batch({mode, 10, side, side, 176, 200, 3, 1});
    FastPath fast(2);
    const auto y = batch.y_of(fast), dx = batch.dx_of(fast), dw = batch.dw_of(fast);
    std::vector<double> dw_sum(dw.size());
    Problem one({mode, 1, side, side, 176, 200, 3, 1});
    one.w = batch.w;
    for (int64_t n = 0; n < 10; ++n) {
      SCOPED_TRACE(message("mode ", static_cast<int>(mode), " image ", n));
      std::copy_n(batch.x.begin() + n * one.x_shape.numel(), one.x.size(), one.x.begin());
      std::copy_n(batch.dy.begin() + n * one.y_shape.numel(), one.dy.size(), one.dy.begin());
      const auto y_one = one.y_of(fast), dx_one = one.dx_of(fast), dw_one = one.dw_of(fast);
      EXPECT_TRUE(std::equal(y_one.begin(), y_one.end(), y.begin() + n * one.y_shape.numel()));
      EXPECT_TRUE(std::equal(dx_one.begin(), dx_one.end(), dx.begin() + n * one.x_shape.numel()));
      for (size_t i = 0; i < dw.size(); ++i) dw_sum[i] += static_cast<double>(dw_one[i]);
    }
    expect_close(dw, dw_sum);
  }
}

TEST(FastConv, UsesNewWeightsAtAnyVersion) {
  Problem problem({ConvMode::same, 2, 8, 8, 32, 32, 3, 1});
  FastPath fast(1);
  std::vector<float> y(problem.dy.size());
  auto run = [&](uint64_t version) {
    fast.conv2d({.x = view_of(problem.x, problem.x_shape),
                 .w = at_version(view_of(problem.w, problem.w_shape), version),
                 .b = {},
                 .y = view_of(y, problem.y_shape),
                 .geometry = problem.geometry});
    expect_close(y, problem.want_y());
  };
  run(1);
  run(1);
  for (float& v : problem.w) v = -2 * v;
  run(2);
}

TEST(FastConv, DeclinesF64) {
  FastPath fast(1);
  std::vector<double> x(64), w(9), y(64);
  EXPECT_FALSE(fast.conv2d({.x = {x.data(), DType::f64, {1, 8, 8, 1}},
                            .w = {w.data(), DType::f64, {1, 3, 3, 1}},
                            .b = {},
                            .y = {y.data(), DType::f64, {1, 8, 8, 1}},
                            .geometry = {}}));
}

}  // namespace
}  // namespace pg::cpu
