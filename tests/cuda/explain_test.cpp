// explain_test.cpp: errors of the CUDA runtime in plain words, and names of kernels.
#include "kernels/cuda/device/explain.h"

#include <gtest/gtest.h>

#include "kernels/cuda/device/cuda_check.h"
#include "kernels/error.h"

namespace pg::cuda {
namespace {

TEST(Explain, EveryKindSaysWhatHappenedAndWhatToDo) {
  const std::pair<cudaError_t, const char*> kinds[] = {
      {cudaErrorIllegalAddress, "a kernel used memory outside of its buffers"},
      {cudaErrorMisalignedAddress, "a kernel used a misaligned address"},
      {cudaErrorLaunchFailure, "a kernel failed"},
      {cudaErrorLaunchTimeout, "a kernel ran longer than the driver allows"},
      {cudaErrorECCUncorrectable, "the GPU's memory had an error that it could not correct (ECC)"},
      {cudaErrorDevicesUnavailable, "the GPU was lost"},
      {cudaErrorUnknown, "the GPU no longer answers"},
      {cudaErrorNoKernelImageForDevice, "a kernel has no code for this GPU"},
      {cudaErrorInsufficientDriver, "the NVIDIA driver is too old"},
      {cudaErrorSystemDriverMismatch, "the parts of the NVIDIA driver have different versions"},
  };
  for (const auto& [error, text] : kinds) {
    const Explanation e = explain(error);
    EXPECT_TRUE(e.happened.starts_with(text)) << e.happened;
    EXPECT_TRUE(e.happened.ends_with(std::string("(") + cudaGetErrorName(error) + ")"))
        << e.happened;
    EXPECT_FALSE(e.advice.empty()) << e.happened;
    EXPECT_EQ((e.happened + e.advice).find('\n'), std::string::npos) << e.happened;
  }
}

TEST(Explain, AFatalErrorIsADeviceFailure) {
  for (const cudaError_t error : {cudaErrorIllegalAddress, cudaErrorLaunchTimeout,
                                  cudaErrorECCUncorrectable, cudaErrorDevicesUnavailable}) {
    EXPECT_THROW(check(error, "cudaStreamSynchronize(stream)"), DeviceFailure);
  }
  try {
    check(cudaErrorNoKernelImageForDevice, "cudaLaunchKernelEx(a, b)");
    FAIL();
  } catch (const DeviceFailure&) {
    FAIL() << "other calls would still work";
  } catch (const DeviceError& e) {
    EXPECT_STREQ(e.what(),
                 "a kernel has no code for this GPU (cudaErrorNoKernelImageForDevice), in "
                 "cudaLaunchKernelEx; build the program for it with -DPG_CUDA_ARCHITECTURES");
  }
}

TEST(Explain, AKnownKernelTakesThePlaceOfAKernel) {
  EXPECT_EQ(explain(cudaErrorMisalignedAddress, "f<3>").happened,
            "the kernel f<3> used a misaligned address (cudaErrorMisalignedAddress)");
  EXPECT_EQ(explain(cudaErrorUnknown, "f<3>").happened,
            "the GPU no longer answers, in the kernel f<3> (cudaErrorUnknown)");
}

TEST(Explain, KernelsAreNamedAsInTheSources) {
  EXPECT_EQ(readable_kernel("_ZN2pg4cuda12_GLOBAL__N_113philox_kernelIfEEvPT_mmPKm"),
            "philox_kernel<float>");
  EXPECT_EQ(readable_kernel("_ZN2pg4cuda47_GLOBAL__N__8a6e1b0f_9_stddev_cu_0c2e65a1_1234515sum_"
                            "rows_kernelI13__nv_bfloat16EEvPT_"),
            "sum_rows_kernel<bf16>");
  EXPECT_EQ(readable_kernel("not_mangled"), "not_mangled");
  EXPECT_EQ(readable_kernel(std::string(300, 'x').c_str()).size(), 120u);
}

}  // namespace
}  // namespace pg::cuda
