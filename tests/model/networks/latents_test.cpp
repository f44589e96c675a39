// latents_test.cpp: random numbers and smoothed latents of videos are those of NumPy and SciPy.
#include "model/networks/latents.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pg {
namespace {

TEST(NumpyRandn, GivesTheNumbersOfRandomState) {
  const std::vector<double> want = {-0.8044583035248052, 0.3209315470898572, -0.025482880472072204,
                                    0.6443238284268146, -0.3007966727870205};
  const std::vector<double> got = numpy_randn(1000, 5);
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-15);
}

TEST(SmoothOverTime, LoopsAndHasUnitRootMeanSquare) {
  std::vector<double> z = numpy_randn(7, 12);
  smooth_over_time(z, 6, 1.5);
  const std::vector<double> want = {1.427534572111293,   -0.5279634010118962, 0.8231348388434737,
                                    -0.7053641716070087, 0.2796963319126309,  -1.160514492205327,
                                    0.4126480044420406,  -1.4039465317762538, 0.9982742460092584,
                                    -1.131712227432611,  1.4693151135214697,  -0.7111476724037574};
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(z[i], want[i], 1e-14);
}

TEST(SmoothOverTime, OnlyNormalizesWithoutSigma) {
  std::vector<double> z = {3.0, 4.0, 3.0, 4.0};
  smooth_over_time(z, 2, 0.0);
  EXPECT_NEAR(z[0], 3.0 / std::sqrt(12.5), 1e-15);
}

}  // namespace
}  // namespace pg
