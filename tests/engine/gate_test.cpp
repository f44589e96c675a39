// gate_test.cpp: the factor of a leaky ReLU is applied by the kernel that makes its cotangent.
#include <gtest/gtest.h>

#include "engine/ops.h"
#include "engine/random.h"
#include "tests/kernels/counting_backend.h"

namespace pg::test {
namespace {

struct Layers {
  test::KernelCounts counts;
  CountingBackend backend{make_cpu_backend(1, CpuPath::direct), counts};
  Context context{backend};
  RandomStream random{context, 1, 1};
  Tensor x = random.normal({2, 4, 4, 3}), w0 = random.normal({3, 3, 3, 3}),
         w1 = random.normal({3, 3, 3, 3}), b = random.normal({1, 1, 1, 3});

  Tensor layer(const Tensor& in, const Tensor& w) {
    return ops::conv_bias_lrelu(in, w, b, {}, 0.2);
  }
  int64_t gates() const { return counts.all().at("leaky_gate"); }
};

TEST(Gate, IsAppliedByTheDataGradientAbove) {
  Layers l;
  Tape tape(l.context);
  const Tensor x = tape.watch(l.x);
  const Tensor y = l.layer(l.layer(l.layer(x, l.w0), l.w1), l.w0);
  tape.grad(y, std::span(&x, 1), {}, GradMode::release);
  EXPECT_EQ(l.gates(), 1) << "only the last layer's cotangent comes from outside";
}

TEST(Gate, IsAppliedByTheTangentConvolutionToo) {
  Layers l;
  Tape tape(l.context);
  const Tensor x = tape.watch(l.x), w = tape.watch(l.w0);
  const Tensor y = l.layer(l.layer(l.layer(x, w), l.w1), w);
  const Tensor dx = tape.grad(y, std::span(&x, 1), {}, GradMode::record)[0];
  const int64_t first = l.gates();
  tape.grad(ops::mean(ops::square(dx)), std::span(&w, 1), {}, GradMode::release);
  // The lowest data gradient is the image's and has no gate; the tangent meets the mask of the top
  // layer in leaky_gate, whose factor nobody in front of it could apply.
  EXPECT_EQ(first, 1);
  EXPECT_LE(l.gates() - first, 1);
}

TEST(Gate, IsLeftToTheLayerWhereItsResultIsUsedTwice) {
  Layers l;
  Tape tape(l.context);
  const Tensor x = tape.watch(l.x);
  const Tensor y = l.layer(x, l.w0);
  tape.grad(ops::add(ops::conv2d(y, l.w1, {}), y), std::span(&x, 1), {}, GradMode::release);
  EXPECT_EQ(l.gates(), 1);
}

}  // namespace
}  // namespace pg::test
