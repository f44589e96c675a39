// fast_conv_test.cpp: the quick CPU kernels against literal sums in double, for every instruction
// set that this processor has.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/fast/fast.h"

namespace pg::cpu {
namespace {

// Winograd F(4x4, 3x3) amplifies rounding by about this much over a direct sum; errors are relative
// to the largest output.
constexpr double kBound = 4e-5;

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
    x = random(x_shape, 1);
    w = random(w_shape, 2);
    dy = random(y_shape, 3);
    b = random({1, 1, 1, e.k}, 4);
    geometry = {e.mode, e.pad, 0.75};
  }

  static std::vector<float> random(Shape shape, unsigned seed) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
    std::vector<float> values(static_cast<size_t>(shape.numel()));
    for (float& v : values) v = uniform(engine);
    return values;
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

  static TensorView view(std::vector<float>& v, Shape s) { return {v.data(), DType::f32, s}; }
  static ConstTensorView view(const std::vector<float>& v, Shape s) {
    return {v.data(), DType::f32, s};
  }

  // Outputs start as NaN, so that what is not written shows.
  std::vector<float> y_of(FastPath& fast) const {
    std::vector<float> y(dy.size(), NAN);
    EXPECT_TRUE(fast.conv2d({.x = view(x, x_shape),
                             .w = view(w, w_shape),
                             .b = {},
                             .y = view(y, y_shape),
                             .geometry = geometry}));
    return y;
  }
  std::vector<float> biased_y_of(FastPath& fast, double slope) const {
    std::vector<float> y(dy.size(), NAN);
    EXPECT_TRUE(fast.conv2d({.x = view(x, x_shape),
                             .w = view(w, w_shape),
                             .b = view(b, {1, 1, 1, w_shape.n}),
                             .y = view(y, y_shape),
                             .geometry = geometry,
                             .slope = slope}));
    return y;
  }
  std::vector<float> dx_of(FastPath& fast) const {
    std::vector<float> dx(x.size(), NAN);
    EXPECT_TRUE(
        fast.conv2d_input_grad({view(dy, y_shape), view(w, w_shape), view(dx, x_shape), geometry}));
    return dx;
  }
  std::vector<float> dw_of(FastPath& fast) const {
    std::vector<float> dw(w.size(), NAN);
    EXPECT_TRUE(fast.conv2d_weight_grad(
        {view(dy, y_shape), view(x, x_shape), view(dw, w_shape), geometry}));
    return dw;
  }

  Shape x_shape, w_shape, y_shape;
  std::vector<float> x, w, dy, b;
  ConvGeometry geometry;

 private:
  ConvMode mode_;
  int64_t pad_;
};

void expect_close(const std::vector<float>& got, const std::vector<double>& want,
                  double bound = kBound) {
  double largest = 1e-3, worst = 0;
  for (double v : want) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < want.size(); ++i) {
    const double error = std::abs(static_cast<double>(got[i]) - want[i]);
    if (!(error <= worst)) worst = error;  // a NaN replaces it
  }
  EXPECT_LE(worst, bound * largest);
}

std::vector<Isa> available() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::sse2, Isa::avx2, Isa::avx512})
    if (isa_available(isa)) isas.push_back(isa);
  return isas;
}

TEST(FastConv, MatchesDirectSumsOnEveryInstructionSet) {
  for (const Case& e : kCases) {
    const Problem problem(e);
    const auto y = problem.want_y(), dx = problem.want_dx(), dw = problem.want_dw();
    for (Isa isa : available()) {
      SCOPED_TRACE(message(name_of(isa), " ", describe(e)));
      FastPath fast(2, isa);
      expect_close(problem.y_of(fast), y);
      expect_close(problem.dx_of(fast), dx);
      expect_close(problem.dw_of(fast), dw);
    }
  }
}

TEST(FastConv, FusesBiasAndActivation) {
  for (const Case& e : kCases) {
    const Problem problem(e);
    auto want = problem.want_y();
    for (size_t i = 0; i < want.size(); ++i) {
      want[i] += static_cast<double>(problem.b[i % problem.b.size()]);
      if (want[i] < 0) want[i] *= 0.2;
    }
    for (Isa isa : available()) {
      SCOPED_TRACE(message(name_of(isa), " ", describe(e)));
      FastPath fast(2, isa);
      expect_close(problem.biased_y_of(fast, 0.2), want);
    }
  }
}

TEST(FastConv, WeightGradientAddsToWhatIsThere) {
  for (const Case& e : kCases) {
    SCOPED_TRACE(describe(e));
    const Problem problem(e);
    FastPath fast(2);
    auto want = problem.want_dw();
    std::vector<float> dw = Problem::random(problem.w_shape, 9);
    for (size_t i = 0; i < want.size(); ++i) want[i] += static_cast<double>(dw[i]);
    ASSERT_TRUE(fast.conv2d_weight_grad(
        {Problem::view(problem.dy, problem.y_shape), Problem::view(problem.x, problem.x_shape),
         Problem::view(dw, problem.w_shape), problem.geometry, Accumulate::add}));
    expect_close(dw, want);
  }
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
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

// A batch has enough tiles for the other way of dividing the work; single images do not.
TEST(FastConv, BatchIsTheSameAsItsImagesOneByOne) {
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

TEST(FastConv, UsesNewWeightsWhateverTheVersionSays) {
  Problem problem({ConvMode::same, 2, 8, 8, 32, 32, 3, 1});
  FastPath fast(1);
  std::vector<float> y(problem.dy.size());
  auto run = [&](uint64_t version) {
    fast.conv2d({.x = Problem::view(problem.x, problem.x_shape),
                 .w = at_version(Problem::view(problem.w, problem.w_shape), version),
                 .b = {},
                 .y = Problem::view(y, problem.y_shape),
                 .geometry = problem.geometry});
    expect_close(y, problem.want_y());
  };
  run(1);
  run(1);
  for (float& v : problem.w) v = -2 * v;
  run(2);
}

TEST(FastConv, DeclinesWhatItDoesNotServe) {
  FastPath fast(1);
  std::vector<double> x(64), w(9), y(64);
  EXPECT_FALSE(fast.conv2d({.x = {x.data(), DType::f64, {1, 8, 8, 1}},
                            .w = {w.data(), DType::f64, {1, 3, 3, 1}},
                            .b = {},
                            .y = {y.data(), DType::f64, {1, 8, 8, 1}},
                            .geometry = {}}));
}

struct Product {
  int64_t m, j, l;
};

TEST(FastMatmul, MatchesDirectSums) {
  for (const Product& e : {Product{1, 1, 1}, Product{16, 1, 512}, Product{5, 33, 17},
                           Product{130, 70, 300}, Product{70, 257, 40}, Product{64, 512, 16}})
    for (Transpose ta : {Transpose::no, Transpose::yes})
      for (Transpose tb : {Transpose::no, Transpose::yes}) {
        const bool ya = ta == Transpose::yes, yb = tb == Transpose::yes;
        const Shape sa{ya ? e.l : e.m, 1, 1, ya ? e.m : e.l};
        const Shape sb{yb ? e.j : e.l, 1, 1, yb ? e.l : e.j};
        const auto a = Problem::random(sa, 1), b = Problem::random(sb, 2);
        const auto old = Problem::random({e.m, 1, 1, e.j}, 3);
        std::vector<double> want(old.size());
        for (int64_t m = 0; m < e.m; ++m)
          for (int64_t j = 0; j < e.j; ++j) {
            double sum = 0;
            for (int64_t l = 0; l < e.l; ++l)
              sum += static_cast<double>(a[static_cast<size_t>(ya ? l * e.m + m : m * e.l + l)]) *
                     static_cast<double>(b[static_cast<size_t>(yb ? j * e.l + l : l * e.j + j)]);
            const auto at = static_cast<size_t>(m * e.j + j);
            want[at] = 0.5 * sum + static_cast<double>(old[at]);
          }
        for (Isa isa : available()) {
          SCOPED_TRACE(message(name_of(isa), " ", e.m, " ", e.j, " ", e.l, " ", ya, yb));
          std::vector<float> one = old, three = old;
          for (auto [threads, y] : {std::pair{1, &one}, std::pair{3, &three}}) {
            FastPath fast(threads, isa);
            ASSERT_TRUE(
                fast.matmul({Problem::view(a, sa), Problem::view(b, sb),
                             Problem::view(*y, {e.m, 1, 1, e.j}), ta, tb, 0.5, Accumulate::add}));
          }
          expect_close(one, want, 4e-6);
          EXPECT_TRUE(same_bits(one, three));
        }
      }
}

}  // namespace
}  // namespace pg::cpu
