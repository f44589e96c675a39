// capture_test.cpp: what a capture forbids, failures on request, and described devices.
#include <gtest/gtest.h>

#include <functional>

#include "tests/simt/host/launch.h"
#include "tests/simt/host/profile.h"
#include "tests/simt/self/device_array.h"
#include "tests/simt/self/healthy.h"

namespace pg::simt {
namespace {

class Captures : public testing::Test {
 protected:
  Captures() {
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess);
    EXPECT_EQ(cudaEventCreate(&event_), cudaSuccess);
    EXPECT_EQ(cudaMalloc(&memory_, 256), cudaSuccess);
  }
  ~Captures() override {
    cudaFree(memory_);
    cudaEventDestroy(event_);
    cudaStreamDestroy(stream_);
    cudaGetLastError();
  }
  void begin() {
    EXPECT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  }

  cudaStream_t stream_ = nullptr;
  cudaEvent_t event_ = nullptr;
  void* memory_ = nullptr;
};

TEST_F(Captures, ForbidWaitingAndMemory) {
  const auto limit = cudaFuncAttributeMaxDynamicSharedMemorySize;
  char host[4] = {};
  void* p = nullptr;
  const std::function<cudaError_t()> forbidden[] = {
      [&] { return cudaMalloc(&p, 8); },
      [&] { return cudaFree(memory_); },
      [&] { return cudaMallocHost(&p, 8); },
      [&] { return cudaFreeHost(host); },
      [&] { return cudaMemcpy(host, memory_, 4, cudaMemcpyDeviceToHost); },
      [&] { return cudaStreamSynchronize(stream_); },
      [&] { return cudaDeviceSynchronize(); },
      [&] { return set_kernel_attribute(host, limit, 1000); },
      [&] { return cudaEventRecord(event_, stream_), cudaEventSynchronize(event_); },
  };
  for (size_t i = 0; i < std::size(forbidden); ++i) {
    SCOPED_TRACE(i);
    begin();
    EXPECT_EQ(forbidden[i](), cudaErrorStreamCaptureUnsupported);
    EXPECT_EQ(cudaMemsetAsync(memory_, 0, 4, stream_), cudaErrorStreamCaptureInvalidated);
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  }
}

TEST_F(Captures, CheckSharedMemoryAgain) {
  const std::vector<float> ones(64, 1.0f);
  const DeviceArray<float> x(ones);
  const auto kernel = +[](int) {};
  const auto raise = [&](int bytes) {
    return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  };
  constexpr int kLess = 50000, kMore = 60000;
  EXPECT_EQ(raise(kMore), cudaSuccess);
  begin();
  const StartShape shape{.block = dim3(32), .smem = kMore, .stream = stream_};
  EXPECT_EQ(start(shape, kernel, 0), cudaSuccess);
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
  cudaGraphExec_t exec = nullptr;
  EXPECT_EQ(raise(kLess), cudaSuccess);
  EXPECT_EQ(cudaGraphInstantiate(&exec, graph), cudaErrorInvalidValue);
  EXPECT_EQ(raise(kMore), cudaSuccess);
  EXPECT_EQ(cudaGraphInstantiate(&exec, graph), cudaSuccess);
  EXPECT_EQ(raise(kLess), cudaSuccess);
  EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
}

TEST_F(Captures, CallFailsOnceOnRequest) {
  const int64_t before = objects();
  void* p = nullptr;
  fail_call(calls() + 2);
  EXPECT_EQ(cudaMalloc(&p, 8), cudaSuccess);
  EXPECT_EQ(objects(), before + 1);
  EXPECT_EQ(cudaFree(p), cudaErrorUnknown);  // and yet it frees
  EXPECT_EQ(last_call(), "cudaFree");
  EXPECT_EQ(objects(), before);
  fail_call(calls() + 1);
  EXPECT_EQ(cudaMalloc(&p, 8), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&p, 8), cudaSuccess);
  EXPECT_EQ(cudaFree(p), cudaSuccess);
}

TEST(Profiles, DescribeTheDevice) {
  const auto attribute = [](cudaDeviceAttr a, int device) {
    int value = 0;
    EXPECT_EQ(cudaDeviceGetAttribute(&value, a, device), cudaSuccess);
    return value;
  };
  const std::vector<DeviceProfile> before = devices();
  set_devices({device_profile("a100"), device_profile("t4")});
  int count = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(attribute(cudaDevAttrMultiProcessorCount, 0), 108);
  EXPECT_EQ(attribute(cudaDevAttrComputeCapabilityMajor, 1), 7);
  const auto limit = cudaFuncAttributeMaxDynamicSharedMemorySize;
  EXPECT_EQ(set_kernel_attribute(&count, limit, 163 << 10), cudaSuccess);
  EXPECT_EQ(set_kernel_attribute(&count, limit, (163 << 10) + 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(start(
                {.block = dim3(32)}, +[](int) {}, 0),
            cudaErrorNoKernelImageForDevice);
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  set_devices(before);
  EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
  set_driver_version(12040);
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
  set_driver_version(CUDART_VERSION);
  cudaGetLastError();
}

}  // namespace
}  // namespace pg::simt
