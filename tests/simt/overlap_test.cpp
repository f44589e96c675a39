// overlap_test.cpp: which launches may start before the kernel ahead of them has ended.
#include <gtest/gtest.h>

#include "kernels/cuda/device/queue.h"
#include "kernels/error.h"
#include "tests/cuda/environment.h"
#include "tests/model/small_run.h"
#include "tests/simt/host/profile.h"
#include "tests/simt/host/test.h"

namespace pg {
namespace {

using test::Variable;

constexpr const char* kVariable = "PROGAN_CUDA_OVERLAP";

bool overlaps(const CudaOptions& options = {}) {
  return cuda::Queue(0, MatrixMath::tf32, cuda::QueueUse::device, options).overlaps_kernels();
}

class Overlap : public testing::Test {
 protected:
  void SetUp() override { simt::set_devices({simt::device_profile("h100")}); }
  void TearDown() override {
    simt::set_devices(before_);
    simt::set_driver_version(CUDART_VERSION);
  }

 private:
  Variable unset_{kVariable, std::nullopt};
  std::vector<simt::DeviceProfile> before_ = simt::devices();
};

TEST_F(Overlap, IsUsedFromHopperOn) {
  EXPECT_TRUE(overlaps());
  for (const char* const older : {"a100", "rtx3090"}) {
    simt::set_devices({simt::device_profile(older)});
    EXPECT_FALSE(overlaps()) << older;
  }
}

TEST_F(Overlap, NeedsADriverThatKeepsItInGraphs) {
  simt::set_driver_version(12020);
  EXPECT_FALSE(overlaps());
}

TEST_F(Overlap, IsLeftOutWhereLaunchesAreChecked) {
  EXPECT_FALSE(overlaps({.launches = Launches::checked}));
}

TEST_F(Overlap, IsTurnedOffByTheEnvironment) {
  {
    const Variable on(kVariable, "on");
    EXPECT_TRUE(overlaps());
  }
  {
    const Variable off(kVariable, "off");
    EXPECT_FALSE(overlaps());
  }
  const Variable wrong(kVariable, "no");
  EXPECT_THROW(overlaps(), UsageError);
}

class OverlapWhileTraining : public SmallRun {
 protected:
  std::unique_ptr<Backend> make_backend() override { return make_cuda_backend(0); }
};

TEST_F(OverlapWhileTraining, IsThatOfAllKernels) {
  const auto before = simt::devices();
  simt::set_devices({simt::device_profile("h100")});
  const simt::DryRun dry;
  const int64_t all = simt::launches(), overlapping = simt::overlapping_launches();
  train(run_folder("run"), kNever);
  EXPECT_GT(simt::launches(), all + 100);
  EXPECT_EQ(simt::overlapping_launches() - overlapping, simt::launches() - all);
  simt::set_devices(before);
}

}  // namespace
}  // namespace pg
