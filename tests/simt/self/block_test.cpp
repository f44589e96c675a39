// block_test.cpp: threads, blocks and streams give correct results in every order, without reports.
#include <algorithm>

#include "tests/simt/self/device_array.h"
#include "tests/simt/self/healthy.h"

namespace pg::simt {
namespace {

TEST(Block, LastBlockSumsThePartialSums) {
  constexpr size_t kBlocks = 7;
  const std::vector<float> x(kBlocks * 256, 0.25f);
  const auto y = in_every_order([&] {
    DeviceArray<float> device_x(x), device_y(1), partial(kBlocks);
    DeviceArray<unsigned> done(std::vector<unsigned>{0});
    EXPECT_EQ(sum_in_last_block(device_y, partial, done, device_x, kBlocks), cudaSuccess);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(done.values()[0], 0u);
    return device_y.values();
  });
  EXPECT_EQ(y[0], 0.25f * kBlocks * 256);
}

TEST(Block, CollectivesGiveEveryThreadItsResult) {
  const auto seen = in_every_order([&] {
    DeviceArray<Seen> device_seen(96);
    EXPECT_EQ(look_around(device_seen), cudaSuccess);
    return device_seen.values();
  });
  const auto value = [](size_t t) { return static_cast<float>(t % 17); };
  const auto sum = [&](size_t first, size_t count) {
    float total = 0;
    for (size_t t = first; t < first + count; ++t) total += value(t);
    return total;
  };
  for (size_t t = 0; t < 96; ++t) {
    SCOPED_TRACE(testing::Message() << "thread " << t);
    const size_t warp = t / 32 * 32;
    EXPECT_EQ(seen[t].block_sum, sum(0, 96));
    EXPECT_EQ(seen[t].warp_sum, sum(warp, 32));
    EXPECT_EQ(seen[t].warp_max, 16.0f);
    EXPECT_EQ(seen[t].quad_sum, sum(t / 4 * 4, 4));
    EXPECT_EQ(seen[t].above, value(t % 8 > 0 ? t - 1 : t));
    EXPECT_EQ(seen[t].at, value(warp + 5));
    EXPECT_EQ(seen[t].odd, 0xAAAAAAAAu);
    EXPECT_EQ(seen[t].sum, 32 * warp + 31 * 16);
    EXPECT_EQ(seen[t].low_count, 10u);
  }
}

TEST(Block, MayUseAllSharedMemory) {
  int most = 0;
  ASSERT_EQ(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0), cudaSuccess);
  DeviceArray<float> y(1);
  ASSERT_EQ(fill_shared(y, static_cast<size_t>(most)), cudaSuccess);
  EXPECT_EQ(y.values()[0], static_cast<float>(most / 4 - 1));
  EXPECT_EQ(fill_shared(y, static_cast<size_t>(most) + 16), cudaErrorInvalidValue);
  cudaGetLastError();
}

TEST(Device, KernelFaultIsStickyAndNamesItsSourceLine) {
  DeviceArray<float> y(1);
  testing::internal::CaptureStderr();
  EXPECT_EQ(trap(), cudaErrorLaunchFailure);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("kernel fault"), std::string::npos);
  EXPECT_NE(last_fault().find("healthy_block.cu"), std::string::npos) << last_fault();
  EXPECT_EQ(cudaMemset(y, 0, sizeof(float)), cudaErrorLaunchFailure);
  reset_device_errors();
  EXPECT_EQ(cudaMemset(y, 0, sizeof(float)), cudaSuccess);
  EXPECT_EQ(y.values()[0], 0.0f);
}

TEST(Device, RejectsInvalidLaunches) {
  DeviceArray<float> y(1);
  EXPECT_EQ(axpy(y, y, 1.0f, 0, nullptr), cudaErrorInvalidConfiguration);  // no blocks
  cudaGetLastError();
  EXPECT_EQ(sum_in_last_block(y, y, nullptr, y, 0), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

class Streams : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(cudaStreamCreate(&first_), cudaSuccess);
    ASSERT_EQ(cudaStreamCreateWithFlags(&second_, cudaStreamNonBlocking), cudaSuccess);
    ASSERT_EQ(cudaEventCreateWithFlags(&fork_, cudaEventDisableTiming), cudaSuccess);
    ASSERT_EQ(cudaEventCreateWithFlags(&join_, cudaEventDisableTiming), cudaSuccess);
  }
  void TearDown() override {
    cudaEventDestroy(fork_);
    cudaEventDestroy(join_);
    cudaStreamDestroy(first_);
    cudaStreamDestroy(second_);
  }
  // b += 2; c += b on the second stream; b += 10 c.
  void queue_work(float* ones, float* b, float* c) {
    EXPECT_EQ(axpy(b, ones, 2.0f, kCount, first_), cudaSuccess);
    EXPECT_EQ(cudaEventRecord(fork_, first_), cudaSuccess);
    EXPECT_EQ(cudaStreamWaitEvent(second_, fork_), cudaSuccess);
    EXPECT_EQ(axpy(c, b, 1.0f, kCount, second_), cudaSuccess);
    EXPECT_EQ(cudaEventRecord(join_, second_), cudaSuccess);
    EXPECT_EQ(cudaStreamWaitEvent(first_, join_), cudaSuccess);
    EXPECT_EQ(axpy(b, c, 10.0f, kCount, first_), cudaSuccess);
  }

  static constexpr int kCount = 100;
  cudaStream_t first_ = nullptr, second_ = nullptr;
  cudaEvent_t fork_ = nullptr, join_ = nullptr;
};

TEST_F(Streams, AreOrderedByEvents) {
  const std::vector<float> ones(kCount, 1.0f), zeros(kCount, 0.0f);
  const auto results = in_every_order([&] {
    DeviceArray<float> a(ones), b(zeros), c(zeros);
    queue_work(a, b, c);
    EXPECT_EQ(cudaStreamSynchronize(first_), cudaSuccess);
    return b.values();
  });
  EXPECT_EQ(results, std::vector<float>(kCount, 22.0f));
}

TEST_F(Streams, GraphRepeatsCapturedWork) {
  const std::vector<float> ones(kCount, 1.0f), zeros(kCount, 0.0f);
  const auto results = in_every_order([&] {
    DeviceArray<float> a(ones), b(zeros), c(zeros);
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    EXPECT_EQ(cudaStreamBeginCapture(first_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    queue_work(a, b, c);
    EXPECT_EQ(cudaStreamEndCapture(first_, &graph), cudaSuccess);
    EXPECT_EQ(cudaGraphInstantiate(&exec, graph), cudaSuccess);
    EXPECT_EQ(b.values()[0], 0.0f);  // a capture runs nothing
    for (int i = 0; i < 2; ++i) EXPECT_EQ(cudaGraphLaunch(exec, first_), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(first_), cudaSuccess);
    EXPECT_EQ(cudaGraphExecDestroy(exec), cudaSuccess);
    EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
    return b.values();
  });
  EXPECT_EQ(results, std::vector<float>(kCount, 284.0f));  // b 22, c 2; b 24, c 26, b 284
}

}  // namespace
}  // namespace pg::simt
