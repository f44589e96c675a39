// presets_test.cpp: iterations of every published variant, loss and conditioning have the same
// gradients on the GPU and the CPU.
#include <gtest/gtest.h>

#include "tests/cuda/training_cases.h"

namespace pg::test {
namespace {

// For f32 sums in another order, as in training_test.cpp.
constexpr double kTolerance = 1e-5;

void expect_as_on_cpu(const Config& config, const Fade& fade) {
  const auto device = make_cuda_backend(0, MatrixMath::exact);
  const auto oracle = make_cpu_backend(2, CpuPath::direct);
  SmallRun on_device(*device, config), on_cpu(*oracle, config);
  expect_same_gradients(on_device, on_cpu, fade, kTolerance);
}

class PresetOnDevice : public testing::TestWithParam<std::string> {};

TEST_P(PresetOnDevice, GradientsMatchTheCpu) {
  const Config config = small_gan(Precision::fp32, GetParam());
  for (const Fade& fade : {Fade{4, 1.0}, Fade{8, 0.3}, Fade{8, 1.0}}) {
    expect_as_on_cpu(config, fade);
  }
}

INSTANTIATE_TEST_SUITE_P(All, PresetOnDevice,
                         testing::Values("paper", "gan-zoo", "akanimax", "tutorial", "readme-hq",
                                         "exercise"),
                         [](const auto& p) {
                           std::string name = p.param;
                           std::erase(name, '-');
                           return name;
                         });

class VariantOnDevice : public testing::TestWithParam<const char*> {};

TEST_P(VariantOnDevice, GradientsMatchTheCpu) {
  Config config = small_gan();
  set_assignment(config, GetParam());
  if (config.loss.kind == LossKind::logistic) config.loss.r1_gamma = 10.0;
  expect_as_on_cpu(config, {8, 0.3});
}

INSTANTIATE_TEST_SUITE_P(All, VariantOnDevice,
                         testing::Values("loss.kind=logistic", "loss.kind=hinge", "loss.kind=lsgan",
                                         "model.conditioning=acgan",
                                         "model.conditioning=projection"),
                         [](const auto& p) {
                           const std::string text = p.param;
                           return text.substr(text.find('=') + 1);
                         });

}  // namespace
}  // namespace pg::test
