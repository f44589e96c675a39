// training_test.cpp: a training iteration on the GPU is that of the CPU, captured or not.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/cuda/training_cases.h"
#include "tests/kernels/counting_backend.h"

namespace pg::test {
namespace {

class TrainingOnDevice : public testing::TestWithParam<Stage> {};

double norm(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

// Magnitudes of the gradients that Adam saw in the first step: v = (1 - beta2) g^2.
std::vector<double> gradients(const SmallRun& run, const std::string& network) {
  std::vector<double> v = run.state(network + ".adam/v");
  for (double& x : v) x = std::sqrt(x / 0.01);
  return v;
}

// The first step of Adam moves each weight by about the learning rate whatever its gradient's size,
// so weights whose gradient is rounding noise may go either way: those are left out.
void expect_same_step(const SmallRun& device, const SmallRun& cpu, const std::string& network,
                      double learning_rate, double tolerance) {
  const std::vector<double> g = gradients(device, network), want_g = gradients(cpu, network);
  EXPECT_LE(distance(g, want_g), tolerance * norm(want_g)) << "gradients of " << network;
  const std::vector<double> w = device.state(network + "/"), want = cpu.state(network + "/");
  ASSERT_EQ(w.size(), want.size());
  const double noise = 30 * tolerance * norm(want_g) / std::sqrt(static_cast<double>(g.size()));
  size_t compared = 0;
  for (size_t i = 0; i < w.size(); ++i) {
    if (want_g[i] <= noise) continue;
    ++compared;
    ASSERT_NEAR(w[i], want[i], 0.1 * learning_rate) << network << " weight " << i;
  }
  EXPECT_GT(compared, w.size() / 10) << network;
}

void expect_same_iteration(Precision precision, const Stage& stage, double tolerance) {
  const auto device =
      make_cuda_backend(0, precision == Precision::fp32 ? MatrixMath::exact : MatrixMath::tf32);
  const auto oracle = make_cpu_backend(2, CpuPath::direct);
  SmallRun on_device(*device, tiny_gan(precision)), on_cpu(*oracle, tiny_gan());
  on_device.iterate(stage);
  on_cpu.iterate(stage);
  for (const char* network : {"D", "G"}) {
    expect_same_step(on_device, on_cpu, network, 1e-3, tolerance);
  }
  EXPECT_LE(distance(on_device.state("Gs/"), on_cpu.state("Gs/")),
            1e-6 * norm(on_cpu.state("Gs/")));
  const TrainingStats a = on_device.stats(), b = on_cpu.stats();
  EXPECT_NEAR(a.d_loss, b.d_loss, 10 * tolerance * std::max(1.0, std::abs(b.d_loss)));
  EXPECT_NEAR(a.gradient_norm, b.gradient_norm, 10 * tolerance * std::max(1.0, b.gradient_norm));
  EXPECT_EQ(a.d_skipped + a.g_skipped, 0);
}

// f32 sums in another order: 1e-5 is some 100 eps over a net of a dozen layers, forth, back and
// forth again.
TEST_P(TrainingOnDevice, IterationIsThatOfTheCpu) {
  expect_same_iteration(Precision::fp32, GetParam(), 1e-5);
}

// Each product has factors rounded to 2^-11 and many are summed.
TEST_P(TrainingOnDevice, IterationInTf32IsNearThatOfTheCpu) {
  expect_same_iteration(Precision::tf32, GetParam(), 5e-3);
}

// Activations are rounded to 2^-9 after each layer.
TEST_P(TrainingOnDevice, IterationInBf16IsNearThatOfTheCpu) {
  expect_same_iteration(Precision::bf16, GetParam(), 6e-2);
}

INSTANTIATE_TEST_SUITE_P(Stages, TrainingOnDevice,
                         testing::Values(Stage{4, 1.0}, Stage{8, 0.3}, Stage{8, 1.0}),
                         [](const auto& s) {
                           return std::to_string(s.param.resolution) +
                                  (s.param.alpha < 1 ? "Fading" : "Stable");
                         });

// CountingBackend does not capture, so it runs each iteration kernel by kernel.
TEST(CapturedIteration, GivesTheBitsOfTheUncapturedOne) {
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    KernelCounts counts;
    const auto captures = make_cuda_backend(0, MatrixMath::tf32);
    CountingBackend does_not(make_cuda_backend(0, MatrixMath::tf32), counts);
    SmallRun a(*captures, tiny_gan(precision)), b(does_not, tiny_gan(precision));
    const Stage stages[] = {{4, 1.0},  {8, 0.25}, {8, 0.25}, {8, 0.5},
                            {8, 0.75}, {8, 1.0},  {8, 1.0},  {8, 1.0}};
    double rate = 1e-3;
    for (const Stage& stage : stages) {
      a.iterate(stage, rate);
      b.iterate(stage, rate);
      rate *= 0.9;
    }
    EXPECT_EQ(a.state(""), b.state(""));
    EXPECT_EQ(a.stats().d_loss, b.stats().d_loss);
  }
}

}  // namespace
}  // namespace pg::test
