// plan_test.cpp: planned iterations count the workspace of real ones, to the byte.
#include <gtest/gtest.h>

#include "kernels/gpu.h"
#include "kernels/planning.h"
#include "tests/cuda/training_cases.h"

namespace pg::test {
namespace {

TEST(PlanOnDevice, WorkspaceEqualsThatOfRealIterations) {
  for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::bf16}) {
    const MatrixMath math = precision == Precision::fp32 ? MatrixMath::exact : MatrixMath::tf32;
    const auto device = make_cuda_backend(0, math);
    const auto planner = make_cuda_planner(0, math);
    EXPECT_GT(device->free_bytes(), 0);
    SmallRun real(*device, small_gan(precision)), planned(*planner, small_gan(precision));
    for (const Fade& fade : {Fade{4, 1.0}, Fade{8, 0.3}, Fade{8, 1.0}}) {
      real.iterate(fade);
      planned.iterate(fade);
      EXPECT_GT(planner->workspace_bytes(), 0);
      EXPECT_EQ(planner->workspace_bytes(), device->workspace_bytes())
          << fade.resolution << " " << fade.alpha;
    }
  }
}

// The properties of the GPU are all that a plan takes from it.
TEST(PlanOnDevice, NeedsNoGpuIfItsPropertiesAreGiven) {
  for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::bf16}) {
    const MatrixMath math = precision == Precision::fp32 ? MatrixMath::exact : MatrixMath::tf32;
    const GpuDetails gpu = gpu_details(0);
    const GpuModel model{.name = gpu.name,
                         .processors = gpu.processors,
                         .smem_per_block = gpu.smem_per_block,
                         .memory = gpu.memory};
    const auto here = make_cuda_planner(0, math), described = make_cuda_planner(model, math);
    SmallRun a(*here, small_gan(precision)), b(*described, small_gan(precision));
    for (const Fade& fade : {Fade{4, 1.0}, Fade{8, 0.3}, Fade{8, 1.0}}) {
      a.iterate(fade);
      b.iterate(fade);
      EXPECT_EQ(described->workspace_bytes(), here->workspace_bytes()) << fade.resolution;
    }
  }
}

}  // namespace
}  // namespace pg::test
