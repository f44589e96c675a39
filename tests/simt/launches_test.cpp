// launches_test: how many kernels training queues, which only the emulator tells.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/ops.h"
#include "engine/optimizer.h"
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

// A chain of convolutions, its input, and an optimizer whose gradient is zero.
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
  void touch() { store_.touch(); }

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

TEST(Launches, OfAStepDoNotDependOnTheNumberOfLayers) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  Chain two(*backend, 2), nine(*backend, 9);
  for (Chain* chain : {&two, &nine}) chain->forward();
  const int64_t check = 2, update = 1;
  EXPECT_EQ(two.step(), check + update);
  EXPECT_EQ(nine.step(), check + update);
}

TEST(Launches, AConvolutionPacksItsFilterOnlyIfNoStepDidIt) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  constexpr int64_t kLayers = 3;
  Chain chain(*backend, kLayers);
  EXPECT_EQ(chain.forward(), 2 * kLayers);
  EXPECT_EQ(chain.forward(), kLayers);
  chain.step();
  EXPECT_EQ(chain.forward(), kLayers);
  chain.touch();
  EXPECT_EQ(chain.forward(), 2 * kLayers);
}

// Each network has three 3x3 filters, in two forms. CountingBackend does not capture.
TEST(Launches, OnlyTheFirstIterationPacksFilters) {
  constexpr int64_t kForms = 2 * 3 * 2, kGradientsCleared = 2;
  for (const Precision precision : {Precision::tf32, Precision::bf16}) {
    KernelCounts counts;
    CountingBackend backend(make_cuda_backend(0, MatrixMath::tf32), counts);
    SmallRun run(backend, tiny_gan(precision));
    const auto iteration = [&] { return launches_of([&] { run.iterate({8, 1.0}); }); };
    const int64_t first = iteration(), second = iteration(), third = iteration();
    EXPECT_EQ(first - second, kForms + kGradientsCleared);
    EXPECT_EQ(second, third);
  }
}

}  // namespace
}  // namespace pg::test
