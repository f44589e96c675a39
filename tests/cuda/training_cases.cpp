// training_cases.cpp: what must agree after an iteration.
#include "tests/cuda/training_cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace pg::test {
void expect_same_gradients(SmallRun& device, SmallRun& cpu, const Fade& fade, double tolerance) {
  device.iterate(fade, 0.0);
  cpu.iterate(fade, 0.0);
  for (const char* network : {"D", "G"}) {
    const std::vector<double> g = gradients(device, network), want = gradients(cpu, network);
    EXPECT_GT(norm(want), 0.0);
    EXPECT_LE(distance(g, want), tolerance * norm(want)) << "gradients of " << network;
  }
  const TrainingStats a = device.stats(), b = cpu.stats();
  EXPECT_NEAR(a.d_loss, b.d_loss, tolerance * std::max(1.0, std::abs(b.d_loss)));
  EXPECT_NEAR(a.gradient_norm, b.gradient_norm, tolerance * std::max(1.0, b.gradient_norm));
  EXPECT_EQ(a.d_skipped + a.g_skipped, 0);
}

}  // namespace pg::test
