// latents_test.cpp: random numbers and smoothed latents of videos are those of NumPy and SciPy.
#include "model/networks/latents.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/error.h"

namespace pg {
namespace {

TEST(NumpyRandn, GivesTheNumbersOfRandomState) {
  const std::vector<double> want = {-0.8044583035248052, 0.3209315470898572, -0.025482880472072204,
                                    0.6443238284268146, -0.3007966727870205};
  const std::vector<double> got = numpy_randn(1000, 5);
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-15);
}

std::vector<double> all_of(LatentLoop& loop, int64_t frames) {
  std::vector<double> all;
  for (int64_t t = 0; t < frames; ++t) {
    const std::vector<double> latents = loop.next();
    all.insert(all.end(), latents.begin(), latents.end());
  }
  return all;
}

TEST(RandomLoop, LoopsAndHasUnitRootMeanSquare) {
  RandomLoop loop({.frames = 6, .row = 2, .sigma = 1.5, .seed = 7});
  const std::vector<double> z = all_of(loop, 6);
  const std::vector<double> want = {1.427534572111293,   -0.5279634010118962, 0.8231348388434737,
                                    -0.7053641716070087, 0.2796963319126309,  -1.160514492205327,
                                    0.4126480044420406,  -1.4039465317762538, 0.9982742460092584,
                                    -1.131712227432611,  1.4693151135214697,  -0.7111476724037574};
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(z[i], want[i], 1e-14);
}

TEST(RandomLoop, CanBeStoppedInItsFirstPass) {
  int frames = 0;
  const auto stop_at_the_third = [&frames] {
    if (++frames == 3) throw Error("stopped");
  };
  EXPECT_THROW(RandomLoop({.frames = 6, .row = 2, .sigma = 1.5, .seed = 7}, stop_at_the_third),
               Error);
  EXPECT_EQ(frames, 3);
}

TEST(RandomLoop, OnlyNormalizesWithoutSigma) {
  RandomLoop loop({.frames = 2, .row = 3, .sigma = 0.0, .seed = 7});
  const std::vector<double> drawn = numpy_randn(7, 6), z = all_of(loop, 2);
  double squares = 0.0;
  for (const double v : drawn) squares += v * v;
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(z[i], drawn[i] / std::sqrt(squares / 6.0), 1e-15);
}

// The table as a whole, smoothed by the definition.
std::vector<double> smoothed_table(const RandomLoop::Shape& s) {
  const std::vector<double> x = numpy_randn(s.seed, s.frames * s.row);
  const auto radius = static_cast<int64_t>(4.0 * s.sigma + 0.5);
  std::vector<double> w, y(x.size(), 0.0);
  double total = 0.0, squares = 0.0;
  for (int64_t k = -radius; k <= radius; ++k) {
    w.push_back(std::exp(-0.5 * static_cast<double>(k * k) / (s.sigma * s.sigma)));
    total += w.back();
  }
  for (int64_t t = 0; t < s.frames; ++t) {
    for (int64_t k = -radius; k <= radius; ++k) {
      const int64_t from = ((t + k) % s.frames + s.frames) % s.frames;
      for (int64_t i = 0; i < s.row; ++i) {
        y[static_cast<size_t>(t * s.row + i)] +=
            w[static_cast<size_t>(k + radius)] / total * x[static_cast<size_t>(from * s.row + i)];
      }
    }
  }
  for (const double v : y) squares += v * v;
  const double scale = 1.0 / std::sqrt(squares / static_cast<double>(y.size()));
  for (double& v : y) v *= scale;
  return y;
}

TEST(RandomLoop, EqualsTheWholeTableBitForBitInLessMemory) {
  for (const int64_t frames : {1, 2, 5, 12, 13, 14, 40, 101}) {
    for (const double sigma : {0.3, 1.5, 5.0}) {
      const RandomLoop::Shape shape{.frames = frames, .row = 3, .sigma = sigma, .seed = 11};
      RandomLoop loop(shape);
      EXPECT_EQ(all_of(loop, frames), smoothed_table(shape)) << frames << " " << sigma;
      // And the second time around.
      EXPECT_EQ(all_of(loop, frames), smoothed_table(shape)) << frames << " " << sigma;
    }
  }
  EXPECT_EQ(RandomLoop::bytes({.frames = 100000, .row = 10, .sigma = 30.0}), 241 * 80);
  EXPECT_EQ(RandomLoop::bytes({.frames = 5, .row = 10, .sigma = 30.0}), 5 * 80);
}

TEST(SeedLoop, PassesThroughItsKeysAndMeetsItsStart) {
  const std::vector<std::vector<double>> keys = {{1, 0, 0.5}, {0, 2, 0}, {0.3, 0.1, 3}};
  SeedLoop loop(keys, 12, 2);
  std::vector<std::vector<double>> frames;
  for (int i = 0; i < 13; ++i) frames.push_back(loop.next());
  const auto cell = [&](size_t frame, size_t c) {
    const auto start = frames[frame].begin() + static_cast<int64_t>(3 * c);
    return std::vector<double>(start, start + 3);
  };
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(cell(4 * k, 0), keys[k]);
    EXPECT_EQ(cell(4 * k, 1), keys[(k + 1) % 3]);
  }
  EXPECT_EQ(frames[12], frames[0]);
  EXPECT_EQ(cell(2, 0), on_great_circle(keys[0], keys[1], 0.5));
}

TEST(SeedLoop, KeepsTheLengthOnTheWay) {
  const std::vector<double> half = on_great_circle({3, 0}, {0, 3}, 0.5);
  EXPECT_NEAR(std::hypot(half[0], half[1]), 3.0, 1e-14);
  EXPECT_NEAR(half[0], half[1], 1e-15);
  EXPECT_EQ(on_great_circle({1, 2}, {1, 2}, 0.5), (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace pg
