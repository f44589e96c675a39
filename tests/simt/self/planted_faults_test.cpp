// planted_faults_test.cpp: faults planted in healthy kernels (host/planted.h).
#include <gtest/gtest.h>

#include "tests/simt/self/device_array.h"
#include "tests/simt/self/healthy.h"

namespace pg::simt {
namespace {

constexpr int kCount = 256;

class PlantedFaults : public testing::TestWithParam<StreamOrder> {
 protected:
  PlantedFaults() {
    set_stream_order(GetParam());
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess);
  }
  ~PlantedFaults() override {
    plant_fault("");
    reset_device_errors();
    EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess);
    set_stream_order(StreamOrder::at_once);
  }
  cudaError_t add(float* y, const float* x) { return axpy(y, x, 1.0f, kCount, stream_); }

  cudaStream_t stream_ = nullptr;
  const std::vector<float> ones_ = std::vector<float>(kCount, 1.0f);
};

TEST_P(PlantedFaults, ErrorsComeWithTheNextWaitAndStay) {
  const std::pair<const char*, cudaError_t> kinds[] = {
      {"illegal", cudaErrorIllegalAddress}, {"misaligned", cudaErrorMisalignedAddress},
      {"launch", cudaErrorLaunchFailure},   {"timeout", cudaErrorLaunchTimeout},
      {"ecc", cudaErrorECCUncorrectable},   {"lost", cudaErrorDevicesUnavailable},
  };
  for (const auto& [kind, error] : kinds) {
    SCOPED_TRACE(kind);
    DeviceArray<float> x(ones_), y(ones_);
    plant_fault(std::string("axpy_kernel:") + kind + ":2");
    EXPECT_EQ(add(y, x), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    EXPECT_EQ(add(y, x), cudaSuccess);
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream_), error);
    EXPECT_EQ(cudaStreamSynchronize(stream_), error);
    void* p = nullptr;
    EXPECT_EQ(cudaMalloc(&p, 8), error);
    plant_fault("");
    reset_device_errors();
    EXPECT_EQ(y.values()[0], 2.0f);
  }
}

TEST_P(PlantedFaults, WrongResultsAreAThirdOfTheElements) {
  DeviceArray<float> x(ones_), y(ones_);
  plant_fault("axpy_kernel:wrong");
  EXPECT_EQ(add(y, x), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  plant_fault("");
  const std::vector<float> seen = y.values();
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i % 3 == 0 ? 8.0f : 2.0f) << i;
}

TEST_P(PlantedFaults, StrikeReplaysOfGraphs) {
  DeviceArray<float> x(ones_), y(ones_);
  plant_fault("axpy_kernel:illegal:2");
  EXPECT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  EXPECT_EQ(add(y, x), cudaSuccess);
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
  cudaGraphExec_t exec = nullptr;
  EXPECT_EQ(cudaGraphInstantiate(&exec, graph), cudaSuccess);
  EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaErrorIllegalAddress);
  reset_device_errors();
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

TEST_P(PlantedFaults, MemoryIsTakenButKernelsRun) {
  DeviceArray<float> x(ones_), y(ones_);
  plant_fault("axpy_kernel:memory");
  EXPECT_EQ(add(y, x), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  void* p = nullptr;
  EXPECT_EQ(cudaMalloc(&p, 8), cudaErrorMemoryAllocation);
  EXPECT_EQ(y.values()[0], 2.0f);
  cudaGetLastError();
}

TEST_P(PlantedFaults, OtherKernelsAreHealthy) {
  DeviceArray<float> x(ones_), y(ones_);
  plant_fault("conv_kernel:illegal");
  EXPECT_EQ(add(y, x), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
}

INSTANTIATE_TEST_SUITE_P(Streams, PlantedFaults,
                         testing::Values(StreamOrder::at_once, StreamOrder::late));

}  // namespace
}  // namespace pg::simt
