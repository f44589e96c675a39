// iteration_test.cpp: statistics of iterations, the weight of their fade, and the inputs that an
// iteration rejects.
#include <gtest/gtest.h>

#include "kernels/error.h"
#include "model/training/gan.h"

namespace pg {
namespace {

Config tiny() {
  Config c = preset("official-tf");
  c.model.resolution = 4;
  c.model.channels = 3;
  c.model.fmap_base = 16;
  c.model.latent_size = 4;
  return c;
}

// The order is part of the checkpoint format.
TEST(IterationStats, MeansFollowTheOrderOfSumsInCheckpoints) {
  const StatsSums sums{
      .iterations = 4, .g_iterations = 2, .values = {4, 8, 12, 16, 20, 3, 24, 14, 1, 18}};
  const TrainingStats s = stats_of(sums);
  EXPECT_EQ(s.iterations, 4);
  EXPECT_EQ(s.real_score, 1.0);
  EXPECT_EQ(s.fake_score, 2.0);
  EXPECT_EQ(s.penalty, 3.0);
  EXPECT_EQ(s.gradient_norm, 4.0);
  EXPECT_EQ(s.d_loss, 5.0);
  EXPECT_EQ(s.d_skipped, 1);
  EXPECT_EQ(s.d_weight_gradient_norm, 6.0);
  EXPECT_EQ(s.g_loss, 7.0);
  EXPECT_EQ(s.g_skipped, 1);
  EXPECT_EQ(s.g_weight_gradient_norm, 9.0);
}

TEST(IterationStats, OfNoIterationsAreZero) {
  EXPECT_EQ(stats_of({}).d_loss, 0.0);
  // A damaged checkpoint may count iterations without sums.
  EXPECT_EQ(stats_of({.iterations = 3, .values = {}}).d_skipped, 0);
}

// The mean loss of D in the last of some iterations with these weights of the fade, all with the
// same images and latents. Learning rates of 0 keep the networks as they are.
double loss_of_last(const std::vector<double>& alphas) {
  Config config = tiny();
  config.model.resolution = 8;
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context(*backend);
  Gan gan(context, config);
  std::vector<uint8_t> images(4 * 8 * 8 * 3), mirror(4);
  for (size_t i = 0; i < images.size(); ++i) images[i] = static_cast<uint8_t>(i * 37);
  IterationSettings settings{.fade = {}, .g_learning_rate = 0, .d_learning_rate = 0};
  for (const double alpha : alphas) {
    gan.stats().reset();
    settings.fade = {8, alpha};
    gan.iterate(settings, {.images = images, .mirror = mirror});
    settings.latents = Latents::again;
  }
  return gan.stats().means().d_loss;
}

TEST(Iteration, FadesWithTheWeightOfItsOwnSettings) {
  const double loss = loss_of_last({0.75, 0.75});
  EXPECT_EQ(loss_of_last({0.25, 0.75}), loss);
  EXPECT_NE(loss_of_last({0.25, 0.25}), loss);
}

// No gradient is written for layers of other resolutions: those of the fade must not stay.
TEST(Iteration, LayersThatFadedOutKeepTheirWeights) {
  Config config = tiny();
  config.model.resolution = 8;
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context(*backend);
  Gan gan(context, config);
  const std::vector<uint8_t> images(4 * 8 * 8 * 3, 50), mirror(4);
  const auto iterate = [&](double alpha) {
    gan.iterate({.fade = {8, alpha}}, {.images = images, .mirror = mirror});
  };
  const auto weights = [&] {
    std::vector<double> all = to_host(gan.state().g.get("4x4/ToRGB/weight"));
    for (const char* name : {"4x4/FromRGB/weight", "4x4/FromRGB/bias"}) {
      const std::vector<double> more = to_host(gan.state().d.get(name));
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  };
  const std::vector<double> before = weights();
  iterate(0.5);
  const std::vector<double> faded = weights();
  EXPECT_NE(faded, before);
  for (int i = 0; i < 3; ++i) iterate(1.0);
  EXPECT_EQ(weights(), faded);
}

TEST(Iteration, RejectsImagesOfAnotherResolution) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context(*backend);
  Gan gan(context, tiny());
  const std::vector<uint8_t> images(4 * 8 * 8 * 3), mirror(4);
  EXPECT_THROW(gan.iterate({}, {.images = images, .mirror = mirror}), ShapeError);
  EXPECT_NO_THROW(
      gan.iterate({}, {.images = std::span(images).first(4 * 4 * 4 * 3), .mirror = mirror}));
}

}  // namespace
}  // namespace pg
