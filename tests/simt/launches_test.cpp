// launches_test.cpp: the number of kernels that training queues, which only the emulator can count.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/adam.h"
#include "engine/ops/ops.h"
#include "kernels/capture.h"
#include "tests/cuda/training_cases.h"
#include "tests/kernels/counting_backend.h"
#include "tests/simt/host/test.h"

namespace pg::test {
namespace {

int64_t launches_of(const std::function<void()>& f) {
  const int64_t before = simt::launches();
  f();
  return simt::launches() - before;
}

// A chain of convolutions, its input, and an optimizer with a zero gradient.
class Chain {
 public:
  Chain(Backend& backend, int64_t layers)
      : context_(backend, {.persistent = 1 << 20, .step = 1 << 20}),
        store_(context_, specs(layers)),
        adam_(store_, {}),
        x_(full({1, 4, 4, 8}, 0.5, store_.flat())) {
    store_.initialize(1, 1);
    adam_.set_learning_rate(1e-3);
  }

  int64_t forward() {
    return launches_of([&] {
      for (const ParameterSpec& spec : store_.specs()) ops::conv2d(x_, store_.get(spec.name), {});
    });
  }
  int64_t step() {
    return launches_of([&] { adam_.step(4); });
  }
  void write() { from_host(store_.flat(), to_host(store_.flat())); }

 private:
  static std::vector<ParameterSpec> specs(int64_t layers) {
    std::vector<ParameterSpec> list;
    for (int64_t i = 0; i < layers; ++i) {
      list.push_back({.name = "conv" + std::to_string(i), .shape = {8, 3, 3, 8}});
    }
    return list;
  }

  Context context_;
  ParameterStore store_;
  Adam adam_;
  Tensor x_;
};

TEST(Launches, OfAnUpdateDoNotDependOnTheNumberOfLayers) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  Chain two(*backend, 2), nine(*backend, 9);
  for (Chain* chain : {&two, &nine}) chain->forward();
  const int64_t check = 2, update = 1;
  EXPECT_EQ(two.step(), check + update);
  EXPECT_EQ(nine.step(), check + update);
}

TEST(Launches, ConvolutionPacksItsFilterOnlyIfAdamDidNot) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  constexpr int64_t kLayers = 3;
  Chain chain(*backend, kLayers);
  EXPECT_EQ(chain.forward(), 2 * kLayers);
  EXPECT_EQ(chain.forward(), kLayers);
  chain.step();
  EXPECT_EQ(chain.forward(), kLayers);
  chain.write();
  EXPECT_EQ(chain.forward(), 2 * kLayers);
}

// Each network has three 3x3 filters, with two copies each. CountingBackend does not capture.
TEST(Launches, OnlyTheFirstIterationPacksFilters) {
  constexpr int64_t kPatterns = 2 * 3 * 2, kGradientsCleared = 2;
  for (const Precision precision : {Precision::tf32, Precision::bf16}) {
    KernelCounts counts;
    CountingBackend backend(make_cuda_backend(0, MatrixMath::tf32), counts);
    SmallRun run(backend, small_gan(precision));
    const auto iteration = [&] { return launches_of([&] { run.iterate({8, 1.0}); }); };
    const int64_t first = iteration(), second = iteration(), third = iteration();
    EXPECT_EQ(first - second, kPatterns + kGradientsCleared);
    EXPECT_EQ(second, third);
  }
}

// Uploads do not wait, so the host prepares an iteration while the device computes the one before.
TEST(Launches, IterationWaitsForNothing) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  SmallRun run(*backend, small_gan());  // with labels
  for (const Fade& fade : {Fade{4, 1.0}, Fade{8, 0.5}, Fade{8, 1.0}}) {
    for (int i = 0; i < 3; ++i) run.iterate(fade);
    const int64_t before = simt::waits();
    for (int i = 0; i < 3; ++i) run.iterate(fade);
    EXPECT_EQ(simt::waits(), before) << fade.resolution << " pixels, alpha " << fade.alpha;
  }
}

// With streams that run late, nothing of an iteration has happened when the next one is prepared:
// uploads need a free slot in each ring, also for labels as large as small images.
TEST(Launches, HostPreparesTwoIterationsAhead) {
  Config config = small_gan();
  config.model.label_size = 300;
  config.model.conditioning = Conditioning::acgan;
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  SmallRun run(*backend, config);
  simt::set_stream_order(simt::StreamOrder::late);
  for (const Fade& fade : {Fade{4, 1.0}, Fade{8, 0.5}, Fade{8, 1.0}}) {
    for (int i = 0; i < 3; ++i) {
      run.iterate(fade);
      backend->synchronize();
    }
    const int64_t before = simt::waits();
    for (int i = 0; i < 2; ++i) run.iterate(fade);
    EXPECT_EQ(simt::waits(), before) << fade.resolution << " pixels, alpha " << fade.alpha;
    backend->synchronize();
  }
  simt::set_stream_order(simt::StreamOrder::at_once);
}

// The grid of a captured launch is checked although the launch never runs.
TEST(Launches, MatmulOfMillionsOfRowsHasAValidGrid) {
  constexpr int64_t kRows = 64 * 65536;
  const auto address = reinterpret_cast<void*>(uintptr_t{1} << 30);
  const auto view = [&](const Shape& shape) { return TensorView{address, DType::f32, shape}; };
  for (const MatrixMath math : {MatrixMath::tf32, MatrixMath::exact}) {
    const auto backend = make_cuda_backend(0, math);
    Capture capture(*backend);
    EXPECT_NO_THROW(backend->matmul(
        {.a = view({kRows, 1, 1, 8}), .b = view({8, 1, 1, 4}), .y = view({kRows, 1, 1, 4})}));
    EXPECT_THROW(
        backend->matmul(
            {.a = view({4, 1, 1, 8}), .b = view({8, 1, 1, kRows}), .y = view({4, 1, 1, kRows})}),
        ShapeError);
  }
}

// Two weight gradients use one kernel with different amounts of shared memory.
TEST(Launches, CapturedLaunchesKeepTheirSharedMemory) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  Context context(*backend, {.persistent = 1 << 20, .step = 4 << 20});
  const Tensor like(context, {1, 1, 1, 1}, DType::f32);
  const Tensor dw = full({32, 3, 3, 32}, 0.0, like);
  const auto call = [&](int64_t height) {
    const Tensor x = full({1, height, 64 / height, 32}, 1.0, like);
    backend->conv2d_weight_grad({.dy = x.view(), .x = x.view(), .dw = dw.mutable_view()});
  };
  const auto both = [&] { call(8), call(1); };
  both();
  Capture capture(*backend);
  both();
  capture.end()->replay();
  backend->synchronize();
}

// Launches of a weight gradient of `channels` to as many, with the gradient of a bias.
int64_t launches_of_gradients(MatrixMath math, int64_t channels, int64_t x_channels, int64_t taps) {
  const auto backend = make_cuda_backend(0, math);
  Context context(*backend, {.persistent = 1 << 20, .step = 1 << 20});
  const Tensor like(context, {1, 1, 1, 1}, DType::f32);
  const Tensor x = full({1, 8, 8, x_channels}, 1.0, like),
               dy = full({1, 8, 8, channels}, 1.0, like);
  const Tensor dw = full({channels, taps, taps, x_channels}, 0.0, like);
  const Tensor db = full({1, 1, 1, channels}, 0.0, like);
  return launches_of([&] {
    backend->conv2d_weight_grad({.dy = dy.view(),
                                 .x = x.view(),
                                 .dw = dw.mutable_view(),
                                 .geometry = {.pad = taps / 2},
                                 .db = db.mutable_view()});
  });
}

TEST(Launches, OneSumsThePartsOfBothGradientsOfAConvolution) {
  EXPECT_EQ(launches_of_gradients(MatrixMath::tf32, 16, 16, 3), 2);
  EXPECT_EQ(launches_of_gradients(MatrixMath::tf32, 16, 3, 1), 2);  // from RGB
  const int64_t product = 1, columns = 1, sums = 1;
  EXPECT_EQ(launches_of_gradients(MatrixMath::exact, 16, 16, 3), product + columns + sums);
}

// Launches of an input gradient from `y` to `x` channels with norm and gate, excluding the packing
// of the filter.
int64_t launches_behind_a_norm(Backend& backend, int64_t x, int64_t y, int64_t taps,
                               const ConvGeometry& g) {
  Context context(backend, {.persistent = 1 << 20, .step = 1 << 20});
  const bool up = g.mode == ConvMode::up, down = g.mode == ConvMode::down;
  const Tensor like(context, {1, 1, 1, 1}, DType::f32);
  const auto ones = [&](const Shape& shape) { return full(shape, 1.0, like); };
  const Tensor dy = ones({1, up ? 8 : down ? 2 : 4, up ? 8 : down ? 2 : 4, y});
  const Tensor w = ones({y, taps, taps, x}), gate = ones({1, 4, 4, x}), r = ones({1, 4, 4, 1});
  Tensor dx = empty_like(gate);
  const auto call = [&] {
    backend.conv2d_input_grad({.dy = dy.view(),
                               .w = at_version(w.view(), 1),
                               .dx = dx.mutable_view(),
                               .geometry = g,
                               .gate = gate.view(),
                               .r = r.view()});
  };
  call();
  return launches_of(call);
}

// Sums of 512 products or more are split for these few pixels, and the launch that adds the parts
// applies the norm.
TEST(Launches, InputGradientFusesTheNorm) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  constexpr int64_t kSplit = 512;
  for (const ConvMode mode : {ConvMode::same, ConvMode::up, ConvMode::down}) {
    const int64_t taps = mode == ConvMode::same ? 9 : mode == ConvMode::up ? 16 : 4;
    for (const int64_t channels : {16, 32, 64}) {
      EXPECT_EQ(launches_behind_a_norm(*backend, channels, channels, 3, {.mode = mode}),
                taps * channels < kSplit ? 1 : 2);
    }
  }
  EXPECT_EQ(launches_behind_a_norm(*backend, 64, 3, 1, {.pad = 0}), 1);
  constexpr int64_t kMoreThanATile = 264;
  EXPECT_EQ(launches_behind_a_norm(*backend, kMoreThanATile, 8, 3, {}), 2);
}

}  // namespace
}  // namespace pg::test
