// trials_test.cpp: calls copied for timing, and the time of captured runs.
#include "kernels/cuda/choice/trials.h"

#include <set>

#include "kernels/cuda/autotune/event_timer.h"
#include "kernels/cuda/device/launchers.h"
#include "tests/kernels/conv_reference.h"
#include "tests/kernels/kernel_device.h"

namespace pg::test {
namespace {

struct Device {
  std::unique_ptr<Backend> backend = make_cuda_backend(0, MatrixMath::exact);
  cuda::Queue queue{0, MatrixMath::exact};
  cuda::DeviceMemory memory;
};

const Shape kX{2, 8, 8, 16}, kW{16, 3, 3, 16};
constexpr int64_t kBytes = int64_t{2} * 8 * 8 * 16 * 4;  // of x and of y

Conv2dWeightGradArgs weight_grad(Bench& b) {
  return {.dy = b.in(random_host(kX, 1)),
          .x = b.in(random_host(kX, 2)),
          .dw = b.inout(random_host(kW, 3)),
          .accumulate = Accumulate::add};
}

TEST(Trials, CopiesHaveOperandsOfTheirOwnWithTheSameContents) {
  Device d;
  Bench b(*d.backend, DType::f32);
  const Conv2dWeightGradArgs call = weight_grad(b);
  const auto list = cuda::trials(d.queue, d.memory, call, 4 * kBytes);
  ASSERT_GE(list.size(), 3u);  // x, dy and dw: about 2.6 kBytes
  std::set<const void*> addresses;
  for (const Conv2dWeightGradArgs& trial : list) {
    addresses.insert({trial.dy.data, trial.x.data, trial.dw.data});
    EXPECT_EQ(trial.accumulate, Accumulate::overwrite);
    EXPECT_NE(trial.dw.data, call.dw.data);
  }
  EXPECT_EQ(addresses.size(), 3 * list.size());
  EXPECT_EQ(list[0].x.data, call.x.data);
  std::vector<float> x(kBytes / 4), copy(kBytes / 4);
  d.backend->download(x.data(), call.x);
  for (const Conv2dWeightGradArgs& trial : list) {
    PG_CUDA(cudaMemcpyAsync(copy.data(), trial.x.data, kBytes, cudaMemcpyDeviceToHost,
                            d.queue.stream()));
    PG_CUDA(cudaStreamSynchronize(d.queue.stream()));
    EXPECT_EQ(copy, x);
  }
  b.finish();  // nothing was written to the call's result
}

TEST(Trials, AreAsManyAsExceedTheCacheTwice) {
  Device d;
  Bench b(*d.backend, DType::f32);
  const Conv2dArgs call{
      .x = b.in(random_host(kX, 1)), .w = b.in(random_host(kW, 2)), .y = b.out(kX)};
  const auto count = [&](int64_t cache) {
    return static_cast<int>(cuda::trials(d.queue, d.memory, call, cache).size());
  };
  EXPECT_EQ(count(0), 1);
  EXPECT_EQ(count(kBytes / 2), 1);
  EXPECT_EQ(count(4 * kBytes), 4);
  EXPECT_EQ(count(100 * kBytes), cuda::kMostTrials);
  const auto one = cuda::trials(d.queue, d.memory, call, kBytes / 2);
  EXPECT_EQ(one[0].x.data, call.x.data);
  EXPECT_EQ(one[0].y.data, call.y.data) << "a call that only overwrites needs no memory";
  const auto all = cuda::trials(d.queue, d.memory, call, 4 * kBytes);
  for (const Conv2dArgs& trial : all) EXPECT_EQ(trial.w.data, call.w.data);
  EXPECT_NE(all[1].y.data, all[2].y.data);
}

TEST(Trials, CopiesAreAlignedAsTheCall) {
  Device d;
  Bench b(*d.backend, DType::f32, Placement::odd);
  const Conv2dArgs call{
      .x = b.in(random_host(kX, 1)), .w = b.in(random_host(kW, 2)), .y = b.out(kX)};
  ASSERT_FALSE(is_aligned(call.x.data));
  for (const Conv2dArgs& trial : cuda::trials(d.queue, d.memory, call, 8 * kBytes)) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(trial.x.data) % 16,
              reinterpret_cast<uintptr_t>(call.x.data) % 16);
    EXPECT_EQ(trial.gate.data, nullptr);
    EXPECT_EQ(trial.r.data, nullptr);
  }
}

TEST(EventTimer, TimesRunsThatAreCaptured) {
  Device d;
  Bench b(*d.backend, DType::f32);
  const MatmulArgs add_one{.a = b.in(Host({1, 1, 1, 1}, 1.0)),
                           .b = b.in(Host({1, 1, 1, 1}, 1.0)),
                           .y = b.inout(Host({1, 1, 1, 1})),
                           .accumulate = Accumulate::add};
  cuda::EventTimer timer(d.queue);
  ASSERT_TRUE(timer.ready());
  int captured = 0, calls = 0;
  EXPECT_GT(timer.seconds([&] {
    captured += cuda::is_capturing(d.queue.stream()) ? 1 : 0;
    ++calls;
    EXPECT_FALSE(timer.ready());
    matmul(d.queue, add_one);
  }),
            0.0);
  EXPECT_EQ(captured, cuda::EventTimer::kRuns);
  EXPECT_EQ(calls, cuda::EventTimer::kRuns);
  EXPECT_EQ(b.finish()[0].data[0], cuda::EventTimer::kRuns) << "a graph, launched once";
}

TEST(EventTimer, EndsItsCaptureIfTheWorkFails) {
  Device d;
  cuda::EventTimer timer(d.queue);
  EXPECT_THROW(timer.seconds([] { throw Error("no such kernel"); }), Error);
  EXPECT_TRUE(timer.ready());
}

}  // namespace
}  // namespace pg::test
