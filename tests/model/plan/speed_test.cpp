// speed_test.cpp: which stages are measured, and in which order they are returned.
#include "model/plan/speed.h"

#include <gtest/gtest.h>

#include "kernels/backend.h"
#include "model/config/config.h"
#include "model/plan/fit.h"

namespace pg {
namespace {

std::vector<int64_t> measured(double seconds) {
  Config c = preset("official-tf");
  c.model.fmap_base = 32;
  c.model.latent_size = 8;
  c.schedule.max_minibatch = 4;
  resolve(c, {.resolution = 16, .channels = 3});
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context(*backend);
  std::vector<int64_t> resolutions;
  for (const StageSpeed& s : measure_some_speed(context, c, 0.0, seconds)) {
    EXPECT_GT(s.images_per_second, 0.0);
    resolutions.push_back(s.stage.resolution);
  }
  return resolutions;
}

TEST(Speed, TheFirstStageIsMeasuredWithoutAnyTime) {
  EXPECT_EQ(measured(0.0), std::vector<int64_t>({4}));
}

TEST(Speed, AllStagesComeInTheirOrder) {
  EXPECT_EQ(measured(600.0), std::vector<int64_t>({4, 8, 8, 16, 16}));
}

TEST(Speed, FollowsTheNearestResolutionMeasured) {
  ModelConfig model;
  const Speed ends{.model = model, .images_per_second = {{4, 1000.0}, {64, 8.0}}};
  const Speed top{.model = model, .images_per_second = {{64, 8.0}}};
  EXPECT_EQ(images_per_second(ends, model, 64), 8.0);
  EXPECT_EQ(images_per_second(ends, model, 16), images_per_second(top, model, 16));
  EXPECT_EQ(images_per_second(ends, model, 4), 1000.0);
}

}  // namespace
}  // namespace pg
