// training_test.cpp: a training iteration on the GPU matches the CPU, captured or not.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/cuda/training_cases.h"
#include "tests/kernels/counting_backend.h"

namespace pg::test {
namespace {

class TrainingOnDevice : public testing::TestWithParam<Fade> {};

struct Runs {
  explicit Runs(Precision precision)
      : device(make_cuda_backend(
            0, precision == Precision::fp32 ? MatrixMath::exact : MatrixMath::tf32)),
        oracle(make_cpu_backend(2, CpuPath::direct)),
        on_device(*device, small_gan(precision)),
        on_cpu(*oracle, on_cpu_config(precision)) {}

  static Config on_cpu_config(Precision precision) {
    Config c = small_gan(precision);
    c.train.precision = Precision::fp32;
    return c;
  }

  void iterate(const Fade& fade, double learning_rate) {
    on_device.iterate(fade, learning_rate);
    on_cpu.iterate(fade, learning_rate);
  }

  std::unique_ptr<Backend> device, oracle;
  SmallRun on_device, on_cpu;
};

void expect_near_cpu(Precision precision, const Fade& fade, double tolerance) {
  Runs runs(precision);
  expect_same_gradients(runs.on_device, runs.on_cpu, fade, tolerance);
}

// f32 sums in another order: 1e-5 is about 100 eps, for a dozen layers forward, backward and
// forward again.
TEST_P(TrainingOnDevice, GradientsMatchTheCpu) {
  expect_near_cpu(Precision::fp32, GetParam(), 1e-5);
}

// The factors of each product are rounded to 2^-11, over a dozen layers.
TEST_P(TrainingOnDevice, GradientsInTf32AreCloseToTheCpu) {
  expect_near_cpu(Precision::tf32, GetParam(), 5e-3);
}

// Activations are rounded to 2^-9 after each layer.
TEST_P(TrainingOnDevice, GradientsInBf16AreCloseToTheCpu) {
  expect_near_cpu(Precision::bf16, GetParam(), 4e-2);
}

// Skips weights with only rounding noise for a gradient: Adam's first update may move them either
// way.
TEST_P(TrainingOnDevice, WeightsMoveAsOnTheCpu) {
  constexpr double kRate = 1e-3;
  Runs runs(Precision::fp32);
  runs.iterate(GetParam(), kRate);
  for (const std::string network : {"D", "G"}) {
    const std::vector<double> g = gradients(runs.on_cpu, network);
    const std::vector<double> w = runs.on_device.state(network + "/");
    const std::vector<double> want = runs.on_cpu.state(network + "/");
    ASSERT_EQ(w.size(), want.size());
    const double noise = 1e-4 * norm(g) / std::sqrt(static_cast<double>(g.size()));
    size_t compared = 0;
    for (size_t i = 0; i < w.size(); ++i) {
      if (g[i] <= noise) continue;
      ++compared;
      ASSERT_NEAR(w[i], want[i], 0.05 * kRate) << network << " weight " << i;
    }
    EXPECT_GT(compared, w.size() / 5) << network;
  }
  const std::vector<double> average = runs.on_cpu.state("Gs/");
  EXPECT_LE(distance(runs.on_device.state("Gs/"), average), 1e-6 * norm(average));
}

INSTANTIATE_TEST_SUITE_P(Stages, TrainingOnDevice,
                         testing::Values(Fade{4, 1.0}, Fade{8, 0.3}, Fade{8, 1.0}),
                         [](const auto& s) {
                           return std::to_string(s.param.resolution) +
                                  (s.param.alpha < 1 ? "Fading" : "Stable");
                         });

// CountingBackend does not capture, so it runs each iteration kernel by kernel.
TEST(CapturedIteration, HasTheBitsOfAnUncapturedOne) {
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    KernelCounts counts;
    const auto captures = make_cuda_backend(0, MatrixMath::tf32);
    CountingBackend does_not(make_cuda_backend(0, MatrixMath::tf32), counts);
    SmallRun a(*captures, small_gan(precision)), b(does_not, small_gan(precision));
    const Fade fades[] = {{4, 1.0},  {8, 0.25}, {8, 0.25}, {8, 0.5},
                          {8, 0.75}, {8, 1.0},  {8, 1.0},  {8, 1.0}};
    double rate = 1e-3;
    for (const Fade& fade : fades) {
      a.iterate(fade, rate);
      b.iterate(fade, rate);
      rate *= 0.9;
    }
    EXPECT_EQ(a.state(""), b.state(""));
    EXPECT_EQ(a.stats().d_loss, b.stats().d_loss);
  }
}

}  // namespace
}  // namespace pg::test
