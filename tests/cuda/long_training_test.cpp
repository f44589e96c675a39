// long_training_test.cpp: training on a GPU arrives where training on the CPU does, in every
// precision.
//
// Faults that single iterations hide, because they are small or need time to show, change where
// training arrives. arrival_test.cpp shows on the CPU which ones are found.
#include <gtest/gtest.h>

#include "model/config/config_names.h"
#include "tests/cuda/arrival.h"

namespace pg::test {
namespace {

constexpr int kCpuRuns = 100, kGpuRuns = 6;
constexpr double kFalseAlarm = 1e-4;  // for each precision

Yardstick cpu_runs() {
  const std::unique_ptr<Backend> cpu = make_cpu_backend(1);
  std::vector<Arrival> runs;
  for (int i = 0; i < kCpuRuns; ++i) runs.push_back(arrive(*cpu, small_gan(), i));
  return Yardstick(std::move(runs));
}

// The same yardstick serves all precisions: over many runs, rounding to tf32 and bf16 changes no
// statistic (DESIGN.md, Numbers and layout).
TEST(LongTraining, ArrivesWhereTheCpuArrives) {
  const Yardstick yardstick = cpu_runs();
  for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::bf16}) {
    Config config = small_gan();
    config.train.precision = precision;
    const auto gpu =
        make_cuda_backend(0, precision == Precision::fp32 ? MatrixMath::exact : MatrixMath::tf32);
    std::vector<Arrival> runs;
    for (int i = 0; i < kGpuRuns; ++i) runs.push_back(arrive(*gpu, config, kCpuRuns + i));
    const Verdict verdict = yardstick.compare(runs);
    EXPECT_GT(verdict.false_alarm, kFalseAlarm) << name_of(precision) << ": " << verdict;
  }
}

}  // namespace
}  // namespace pg::test
