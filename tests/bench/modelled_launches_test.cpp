// modelled_launches_test.cpp: the speed model on the launches of real launchers. Part of
// test_bench, with those that nvcc compiled, and of test_speed_model_plain, with those that g++
// compiled.
#include <gtest/gtest.h>

#include <set>

#include "bench/model/speed_model.h"
#include "kernels/error.h"

namespace pg::bench {
namespace {

class ModelledLaunches : public testing::Test {
 protected:
  void SetUp() override {
    try {
      open_recorder(modelled_gpu("h200"), Precision::tf32);
    } catch (const DeviceError& e) {
      GTEST_SKIP() << e.what();
    }
  }
};

// Calls f for every iteration of the official schedule, stable and fading.
template <typename F>
void for_each_iteration(const ModelledGpu& gpu, F f) {
  for (const Precision precision : {Precision::bf16, Precision::tf32}) {
    for (int64_t resolution = 4; resolution <= 1024; resolution *= 2) {
      f(estimate_iteration(gpu, precision, {resolution, 1.0}));
      if (resolution > 4) f(estimate_iteration(gpu, precision, {resolution, 0.5}));
    }
  }
}

TEST_F(ModelledLaunches, EveryKernelOfAnIterationHasALineForItsMachine) {
  for (const std::string& name : modelled_gpus()) {
    const ModelledGpu gpu = modelled_gpu(name);
    std::set<std::string> kernels;
    for_each_iteration(gpu, [&](const std::vector<TimedCall>& calls) {
      for (const TimedCall& call : calls) {
        for (const TimedLaunch& l : call.launches) {
          EXPECT_GT(l.estimate.seconds, 0) << l.kernel;
          if (call.call.name != "copy") kernels.insert(l.kernel);
        }
      }
    });
    EXPECT_GT(kernels.size(), 50u);
    for (const std::string& kernel : kernels) {
      EXPECT_TRUE(code_of(kernel_table(gpu.rates.machine), parse_kernel_name(kernel)).known)
          << name << ": " << kernel << ": run bench/model/kernel_table.py";
    }
  }
}

// A time below the floor would mean that work is missing from the model.
TEST_F(ModelledLaunches, IterationsTakeLongerThanTheFloorAndABoundedTime) {
  for (const std::string& name : modelled_gpus()) {
    const ModelledGpu gpu = modelled_gpu(name);
    for (const Precision precision : {Precision::bf16, Precision::tf32}) {
      for (const int64_t resolution : {8, 64, 1024}) {
        const Totals t = totals_of(estimate_iteration(gpu, precision, {resolution, 1.0}));
        const double floor = iteration_floor(gpu, precision, resolution);
        EXPECT_GT(t.seconds, floor) << name << ' ' << resolution;
        EXPECT_LT(t.seconds, 8 * floor) << name << ' ' << resolution;
        EXPECT_GT(t.family.at("fprop"), 0) << name;
        EXPECT_GT(t.family.at("wgrad"), 0) << name;
        EXPECT_TRUE(t.unknown.empty());
      }
    }
  }
}

// Launchers of the described GPU, not of one that is here.
TEST_F(ModelledLaunches, AreThoseOfTheDescribedGpu) {
  std::set<int64_t> grids[2];
  for (const int i : {0, 1}) {
    const ModelledGpu gpu = modelled_gpu(i == 0 ? "h200" : "rtx3090");
    for (const TimedCall& call : estimate_iteration(gpu, Precision::bf16, {512, 1.0})) {
      for (const PlannedLaunch& l : call.call.launches) grids[i].insert(l.grid[0]);
    }
  }
  EXPECT_NE(grids[0], grids[1]);
}

}  // namespace
}  // namespace pg::bench
