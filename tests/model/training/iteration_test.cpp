// iteration_test.cpp: statistics of iterations, and the inputs that an iteration rejects.
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
