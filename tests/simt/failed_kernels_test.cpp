// failed_kernels_test.cpp: kernels that fail, and queues that find out which one it was.
#include <gtest/gtest.h>

#include "engine/ops/ops.h"
#include "tests/cuda/training_cases.h"
#include "tests/simt/host/profile.h"
#include "tests/simt/host/test.h"

namespace pg::test {
namespace {

class FailuresOfKernels : public testing::Test {
 protected:
  ~FailuresOfKernels() override {
    simt::plant_fault("");
    simt::reset_device_errors();
    simt::set_stream_order(simt::StreamOrder::at_once);
  }

  // The failure of a chain of ops, with a faulty pixel norm in the middle.
  static DeviceFailure failure(Launches launches) {
    const auto backend =
        make_cuda_backend(0, MatrixMath::tf32, CudaKernels::own, {.launches = launches});
    Context context(*backend, {.persistent = 1 << 20, .step = 1 << 20});
    const Tensor x(context, {1, 4, 4, 16}, DType::f32);
    from_host(x, std::vector<double>(static_cast<size_t>(x.numel()), 1.0));
    try {
      const Tensor y = ops::pixel_norm(ops::upsample(x, 2), 1e-8);
      ops::upsample(y, 2);
      to_host(y);
    } catch (const DeviceFailure& e) {
      return e;
    }
    ADD_FAILURE() << "no failure";
    return {"", ""};
  }
};

TEST_F(FailuresOfKernels, AreNamedIfLaunchesAreChecked) {
  simt::plant_fault("pixel_norm_kernel:illegal");
  for (const auto order : {simt::StreamOrder::at_once, simt::StreamOrder::late}) {
    simt::set_stream_order(order);
    const DeviceFailure e = failure(Launches::checked);
    EXPECT_TRUE(e.kernel().starts_with("pixel_norm_kernel<float")) << e.kernel();
    EXPECT_EQ(e.happened(), "the kernel " + e.kernel() +
                                " used memory outside of its buffers (cudaErrorIllegalAddress)");
    simt::reset_device_errors();
  }
}

TEST_F(FailuresOfKernels, AreReportedLateWithoutANameOtherwise) {
  simt::plant_fault("pixel_norm_kernel:illegal");
  const DeviceFailure e = failure(Launches::queued);
  EXPECT_EQ(e.kernel(), "");
  EXPECT_EQ(e.happened(), "a kernel used memory outside of its buffers (cudaErrorIllegalAddress)");
}

TEST_F(FailuresOfKernels, RejectedLaunchesAreNamedAnyway) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  Context context(*backend, {.persistent = 1 << 20, .step = 1 << 20});
  const Tensor x(context, {1, 4, 4, 16}, DType::f32);
  const auto before = simt::devices();
  simt::set_devices({simt::device_profile("t4")});  // without code in the program
  try {
    ops::pixel_norm(x, 1e-8);
    ADD_FAILURE() << "no error";
  } catch (const DeviceError& e) {
    EXPECT_TRUE(std::string(e.what()).starts_with("the kernel pixel_norm_kernel<float"))
        << e.what();
  }
  simt::set_devices(before);
}

TEST_F(FailuresOfKernels, CheckedLaunchesHaveTheSameBits) {
  std::vector<std::vector<double>> states;
  for (const Launches launches : {Launches::queued, Launches::checked}) {
    const auto backend =
        make_cuda_backend(0, MatrixMath::tf32, CudaKernels::own, {.launches = launches});
    EXPECT_EQ(backend->can_capture(), launches == Launches::queued);
    SmallRun run(*backend, small_gan(Precision::tf32));
    for (int i = 0; i < 3; ++i) run.iterate({8, 0.5});
    states.push_back(run.state(""));
  }
  EXPECT_EQ(states[0], states[1]);
}

}  // namespace
}  // namespace pg::test
