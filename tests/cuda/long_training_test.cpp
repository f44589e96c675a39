// long_training_test.cpp: statistics after 200 iterations on a GPU match those on the CPU.
//
// Training is chaotic: after some iterations, runs that differ in the last bit of a sum are
// different runs. Only their statistics must agree.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/cuda/training_cases.h"

namespace pg::test {
namespace {

constexpr int kIterations = 200;

TrainingStats last_quarter(Backend& backend, const Config& config) {
  SmallRun run(backend, config);
  for (int i = 0; i < kIterations; ++i) {
    if (i == kIterations * 3 / 4) run.reset_stats();
    const bool small = i < kIterations / 4;
    const double fade = 4.0 * (i - kIterations / 4) / kIterations;
    run.iterate({.resolution = small ? 4 : 8, .alpha = small ? 1.0 : std::min(1.0, 0.01 + fade)});
  }
  return run.stats();
}

TEST(LongTraining, StatisticsMatchTheCpu) {
  const std::unique_ptr<Backend> cpu = make_cpu_backend();
  const TrainingStats want = last_quarter(*cpu, tiny_gan());
  for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::bf16}) {
    Config config = tiny_gan();
    config.train.precision = precision;
    const auto gpu =
        make_cuda_backend(0, precision == Precision::fp32 ? MatrixMath::exact : MatrixMath::tf32);
    const TrainingStats got = last_quarter(*gpu, config);
    EXPECT_EQ(got.d_skipped + got.g_skipped, 0);
    EXPECT_NEAR(got.gradient_norm, want.gradient_norm, 0.3 * want.gradient_norm);
    const double distance = want.real_score - want.fake_score;
    EXPECT_NEAR(got.real_score - got.fake_score, distance, 0.5 * std::abs(distance));
  }
}

}  // namespace
}  // namespace pg::test
