// floor_test.cpp: the launches add up to the work of the passes of an iteration.
#include "bench/floor.h"

#include <gtest/gtest.h>

namespace pg::bench {
namespace {

double total_flops(const std::vector<Work>& work) {
  double sum = 0;
  for (const Work& w : work) sum += w.flops;
  return sum;
}

double channels(int64_t r) { return static_cast<double>(official_fmaps(r)); }

// FLOPs of one image through one network; resampling costs 4 taps.
double forward(int64_t resolution, double head) {
  double sum = head;
  for (int64_t r = 8; r <= resolution; r *= 2) {
    const double pixels = static_cast<double>(r * r);
    sum += 2 * pixels * channels(r) * (9 * channels(r) + 4 * channels(r / 2));
  }
  return sum + 2 * static_cast<double>(resolution * resolution) * 3 * channels(resolution);
}

TEST(IterationWork, FlopsAreThoseOfThePasses) {
  for (const int64_t r : {4, 32, 1024}) {
    const double dense = 2.0 * 8192 * 512,
                 from_rgb = 2.0 * static_cast<double>(r * r) * 3 * channels(r);
    const double g = forward(r, dense + 2.0 * 16 * 9 * 512 * 512);
    const double d = forward(r, dense + 2.0 * 512 + 2.0 * 16 * 9 * 513 * 512);
    // Three input gradients of FromRGB and the one of G's dense layer are not needed.
    const double want = 14 * d - 3 * from_rgb + 4 * g - dense;
    EXPECT_NEAR(total_flops(iteration_work(r, 4, 4)) / 4, want, 1e-9 * want) << r;
  }
}

TEST(FloorSeconds, IsTheSlowestOfArithmeticTrafficAndLaunch) {
  const Peaks peaks{.bytes_per_second = 1e12, .flops = 1e14};
  EXPECT_DOUBLE_EQ(floor_seconds({{1e12, 1e9}}, peaks), 1e-2);
  EXPECT_DOUBLE_EQ(floor_seconds({{1e9, 1e10}}, peaks), 1e-2);
  EXPECT_DOUBLE_EQ(floor_seconds({{1, 1}, {1, 1}}, peaks), 5e-6);
}

// An independent model gives 15.33 ms and 7.93 ms.
TEST(FloorSeconds, AgreesWithAnIndependentModel) {
  const Peaks tf32{.bytes_per_second = 4.3e12, .flops = 400e12};
  const Peaks bf16{.bytes_per_second = 4.3e12, .flops = 790e12};
  EXPECT_NEAR(floor_seconds(iteration_work(1024, 4, 4), tf32), 15.33e-3, 0.01e-3);
  EXPECT_NEAR(floor_seconds(iteration_work(1024, 4, 2), bf16), 7.93e-3, 0.01e-3);
  EXPECT_NEAR(floor_seconds(iteration_work(4, 128, 4), tf32), 0.66e-3, 0.01e-3);
}

}  // namespace
}  // namespace pg::bench
