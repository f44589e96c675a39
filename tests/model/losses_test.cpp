// losses_test.cpp: gradients of whole networks against central differences in f64, first order
// through G and second order through D with minibatch stddev.
#include "model/losses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops.h"
#include "engine/random.h"

namespace pg {
namespace {

// Small, so that no leaky ReLU changes side on the way: the penalty jumps there.
constexpr double kStep = 1e-7;

Context& context() {
  static const std::unique_ptr<Backend> backend = make_cpu_backend(2, CpuPath::direct);
  static Context c(*backend);
  return c;
}

Config small_config() {
  Config c = preset("official-tf");
  c.model.resolution = 16;
  c.model.channels = 3;
  c.model.fmap_base = 48;
  c.model.fmap_max = 10;
  c.model.latent_size = 7;
  c.model.mbstd_group_size = 2;
  return c;
}

struct Networks {
  explicit Networks(const Config& c, int64_t resolution_, double alpha)
      : config(c),
        g(c),
        d(c),
        g_store(context(), g.specs(), DType::f64),
        d_store(context(), d.specs(), DType::f64) {
    g_store.initialize(5, 1);
    d_store.initialize(5, 2);
    // Biases away from 0, so that a forgotten bias gradient shows.
    RandomStream noise(context(), 5, 3);
    for (ParameterStore* store : {&g_store, &d_store}) {
      const Tensor n = noise.normal(store->flat().shape(), DType::f64);
      ops::add_in_place(store->flat(), ops::affine(n, 0.1, 0.0));
      store->touch();
    }
    stage.resolution = resolution_;
    if (alpha < 1) stage.alpha = full({}, alpha, g_store.flat());
    const Shape images{4, resolution_, resolution_, c.model.channels};
    in.real = noise.normal(images, DType::f64);
    in.fake = noise.normal(images, DType::f64);
    in.mix = noise.uniform({4}, DType::f64);
    z = noise.normal({4, 1, 1, latent_size(c)}, DType::f64);
    if (label_count(c) > 0) {
      const std::vector<int32_t> labels = {0, 2, 1, 2};
      in.labels = ops::convert(one_hot(context(), labels, label_count(c)), DType::f64);
    }
  }

  double d_loss(const Tensor& gradient) {
    const DiscriminatorLoss l = discriminator_gradients(config, d, d_store, stage, in,
                                                        d_store.views(gradient, stage.resolution));
    return to_host(l.total)[0];
  }
  double g_loss(const Tensor& gradient) {
    const GeneratorLoss l =
        generator_gradients(config, g, g_store, d, d_store, stage, {.z = z, .labels = in.labels},
                            g_store.views(gradient, stage.resolution));
    return to_host(l.total)[0];
  }

  Config config;
  Generator g;
  Discriminator d;
  ParameterStore g_store, d_store;
  StageView stage;
  DiscriminatorInputs in;
  Tensor z;
};

// For each parameter tensor: <gradient, direction> against the central difference of the loss.
template <typename Loss>
void expect_gradient(ParameterStore& store, int64_t resolution, const Loss& loss) {
  const Tensor gradient = full(store.flat().shape(), 0.0, store.flat());
  loss(gradient);
  const Tensor scratch = empty_like(store.flat());
  RandomStream random(context(), 6, 1);
  const std::vector<Tensor> weights = store.views(store.flat(), resolution);
  const std::vector<Tensor> grads = store.views(gradient, resolution);
  for (size_t i = 0; i < weights.size(); ++i) {
    const Tensor direction = random.normal(weights[i].shape(), DType::f64);
    const auto loss_at = [&](double step) {
      const std::vector<double> before = to_host(weights[i]);
      ops::add_in_place(weights[i], ops::affine(direction, step, 0.0));
      store.touch();
      const double value = loss(scratch);
      from_host(weights[i], before);
      store.touch();
      return value;
    };
    const double numeric = (loss_at(kStep) - loss_at(-kStep)) / (2 * kStep);
    const double exact = to_host(ops::sum_to(ops::mul(grads[i], direction), {}))[0];
    EXPECT_NEAR(exact, numeric, 1e-6 * std::max(1.0, std::abs(numeric)))
        << store.specs()[i].name << " at " << resolution;
  }
}

struct StageCase {
  int64_t resolution;
  double alpha;
};
class Losses : public testing::TestWithParam<StageCase> {};

TEST_P(Losses, DiscriminatorGradientWithPenaltyMatchesFiniteDifference) {
  Networks s(small_config(), GetParam().resolution, GetParam().alpha);
  expect_gradient(s.d_store, s.stage.resolution, [&](const Tensor& g) { return s.d_loss(g); });
}

TEST_P(Losses, GeneratorGradientMatchesFiniteDifference) {
  Networks s(small_config(), GetParam().resolution, GetParam().alpha);
  expect_gradient(s.g_store, s.stage.resolution, [&](const Tensor& g) { return s.g_loss(g); });
}

TEST_P(Losses, ActivationFirstGradientMatchesFiniteDifference) {
  Config c = small_config();
  c.model.down_order = DownOrder::activation_first;
  c.model.use_pixelnorm = false;
  c.model.use_wscale = false;
  c.loss.gp_space = GpSpace::current;
  Networks s(c, GetParam().resolution, GetParam().alpha);
  expect_gradient(s.d_store, s.stage.resolution, [&](const Tensor& g) { return s.d_loss(g); });
  expect_gradient(s.g_store, s.stage.resolution, [&](const Tensor& g) { return s.g_loss(g); });
}

INSTANTIATE_TEST_SUITE_P(Stages, Losses,
                         testing::Values(StageCase{4, 1.0}, StageCase{8, 0.3}, StageCase{8, 1.0},
                                         StageCase{16, 0.6}));

// Summed losses: gradients are those of the mean times the number of images.
TEST(Losses, SumIsMeanTimesImages) {
  std::vector<std::vector<double>> d, g;
  for (const Reduction reduction : {Reduction::mean, Reduction::sum}) {
    Config c = small_config();
    c.loss.reduction = reduction;
    Networks s(c, 8, 0.5);
    const Tensor dg = full(s.d_store.flat().shape(), 0.0, s.d_store.flat());
    const Tensor gg = full(s.g_store.flat().shape(), 0.0, s.g_store.flat());
    s.d_loss(dg);
    s.g_loss(gg);
    d.push_back(to_host(dg));
    g.push_back(to_host(gg));
  }
  for (size_t i = 0; i < d[0].size(); ++i) EXPECT_NEAR(4 * d[0][i], d[1][i], 1e-9);
  for (size_t i = 0; i < g[0].size(); ++i) EXPECT_NEAR(4 * g[0][i], g[1][i], 1e-9);
}

// The norm that the official version measures at the final resolution is that of the current one
// divided by the factor between them: shown with images upsampled in front of the network.
TEST(Losses, GradientNormIsThatOfTheFullResolutionImage) {
  Networks s(small_config(), 4, 1.0);
  s.in.mix = full({4}, 0.0, s.in.mix);  // mixed = real
  double expected = 0;
  {
    Tape tape(context());
    const Tensor large = tape.watch(ops::upsample(s.in.real, 4));
    const Tensor scores =
        s.d.forward(Weights(s.d_store, 4), ops::avg_pool(large, 4), {}, 4, {}, 1).score;
    const Tensor gradient = tape.grad(scores, std::span(&large, 1), {}, GradMode::keep)[0];
    const Tensor squares = ops::sum_to(ops::square(gradient), {4, 1, 1, 1});
    expected = to_host(ops::mean(ops::sqrt(squares)))[0];
  }
  const Tensor scratch = empty_like(s.d_store.flat());
  const DiscriminatorLoss l =
      discriminator_gradients(s.config, s.d, s.d_store, s.stage, s.in, s.d_store.views(scratch, 4));
  EXPECT_NEAR(to_host(l.gradient_norm)[0], expected, 1e-12 * expected);
}

}  // namespace
}  // namespace pg
