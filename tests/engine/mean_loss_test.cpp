// mean_loss_test.cpp: on the CPU, losses made of means have the bits of the ops that they replace,
// and so do their gradients.
#include <gtest/gtest.h>

#include <functional>

#include "engine/ops/ops.h"
#include "engine/random.h"

namespace pg::test {
namespace {

using Values = std::vector<double>;
using Loss = std::function<Tensor(const Tensor& scores)>;

constexpr int64_t kImages = 11;

class MeanLossBits : public testing::Test {
 protected:
  // The loss, then its gradient, of positive scores.
  Values values_of(const Loss& loss) {
    RandomStream random(context_, 4, 1);
    Tape tape(context_);
    const Tensor scores =
        tape.watch(ops::affine(random.uniform({2 * kImages, 1, 1, 1}), 3.0, 0.125));
    const Tensor y = loss(scores);
    Values values = to_host(y);
    const Tensor seed = full({}, 0.7, y);
    const Tensor g = tape.grad(y, std::span(&scores, 1), seed, GradMode::release)[0];
    const Values gradient = to_host(g);
    values.insert(values.end(), gradient.begin(), gradient.end());
    return values;
  }
  void expect_same(const Loss& composed, const std::vector<MeanTerm>& terms) {
    EXPECT_EQ(values_of([&](const Tensor& x) { return ops::mean_loss(x, terms).loss; }),
              values_of(composed));
  }

  static Tensor real(const Tensor& x) { return ops::slice_batch(x, 0, kImages); }
  static Tensor fake(const Tensor& x) { return ops::slice_batch(x, kImages, kImages); }

  std::unique_ptr<Backend> backend_ = make_cpu_backend(2);
  Context context_{*backend_};
};

TEST_F(MeanLossBits, OfADifferenceWithDrift) {
  expect_same(
      [](const Tensor& x) {
        const Tensor drift = ops::affine(ops::mean(ops::square(real(x))), 1e-3, 0.0);
        return ops::add(ops::sub(ops::mean(fake(x)), ops::mean(real(x))), drift);
      },
      {{.first = kImages, .count = kImages},
       {.first = 0, .count = kImages, .sign = -1.0},
       {.first = 0, .count = kImages, .f = MeanOf::square, .weight = 1e-3}});
}

TEST_F(MeanLossBits, OfSoftplus) {
  expect_same(
      [](const Tensor& x) {
        return ops::add(ops::mean(ops::softplus(fake(x))),
                        ops::mean(ops::softplus(ops::affine(real(x), -1.0, 0.0))));
      },
      {{.first = kImages, .count = kImages, .f = MeanOf::softplus},
       {.first = 0, .count = kImages, .f = MeanOf::softplus, .sign = -1.0}});
}

TEST_F(MeanLossBits, OfRelu) {
  expect_same(
      [](const Tensor& x) {
        return ops::add(ops::mean(ops::bias_lrelu(ops::affine(fake(x), 1.0, 1.0), {}, 0.0)),
                        ops::mean(ops::bias_lrelu(ops::affine(real(x), -1.0, 1.0), {}, 0.0)));
      },
      {{.first = kImages, .count = kImages, .f = MeanOf::relu, .shift = 1.0},
       {.first = 0, .count = kImages, .f = MeanOf::relu, .sign = -1.0, .shift = 1.0}});
}

TEST_F(MeanLossBits, OfSquares) {
  expect_same(
      [](const Tensor& x) {
        const Tensor of_real = ops::mean(ops::square(ops::affine(real(x), 1.0, -1.0)));
        return ops::affine(ops::add(of_real, ops::mean(ops::square(fake(x)))), 0.5, 0.0);
      },
      {{.first = kImages, .count = kImages, .f = MeanOf::square, .weight = 0.5},
       {.first = 0,
        .count = kImages,
        .f = MeanOf::square,
        .sign = -1.0,
        .shift = 1.0,
        .weight = 0.5}});
}

TEST_F(MeanLossBits, OfNorms) {
  expect_same(
      [](const Tensor& x) {
        const Tensor norm = ops::affine(ops::sqrt(x), 0.125, 0.0);
        return ops::affine(ops::mean(ops::square(ops::affine(norm, 1.0, -1.0))), 10.0, 0.0);
      },
      {{.first = 0,
        .count = 2 * kImages,
        .f = MeanOf::square,
        .root = true,
        .scale = 0.125,
        .shift = -1.0,
        .weight = 10.0}});
}

TEST_F(MeanLossBits, OfSumsOfSquares) {
  const auto sums = [](const Tensor& scores, auto f) {
    return ops::mean(f(ops::mul(scores, full({2 * kImages, 9, 7, 3}, 1.1, scores))));
  };
  const Shape samples{2 * kImages, 1, 1, 1};
  EXPECT_EQ(values_of([&](const Tensor& x) {
              return sums(x, [](const Tensor& g) { return ops::sum_squares(g); });
            }),
            values_of([&](const Tensor& x) {
              return sums(x, [&](const Tensor& g) { return ops::sum_to(ops::square(g), samples); });
            }));
}

}  // namespace
}  // namespace pg::test
