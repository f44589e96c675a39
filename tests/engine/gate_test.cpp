// gate_test.cpp: the kernel that computes a cotangent applies the derivative of the leaky ReLU, and
// of a pixel norm after it, in the same pass.
#include <gtest/gtest.h>

#include "engine/ops/ops.h"
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
  EXPECT_EQ(l.gates(), 1) << "only the last layer's cotangent comes from the caller";
}

TEST(Gate, IsAppliedByTheTangentConvolutionToo) {
  Layers l;
  Tape tape(l.context);
  const Tensor x = tape.watch(l.x), w = tape.watch(l.w0);
  const Tensor y = l.layer(l.layer(l.layer(x, w), l.w1), w);
  const Tensor dx = tape.grad(y, std::span(&x, 1), {}, GradMode::record)[0];
  const int64_t first = l.gates();
  tape.grad(ops::mean(ops::square(dx)), std::span(&w, 1), {}, GradMode::release);
  // The lowest data gradient is that of the image, which has no gate. The tangent passes through
  // the mask of the top layer in a leaky_gate, because no op before it could apply the factor.
  EXPECT_EQ(first, 1);
  EXPECT_LE(l.gates() - first, 1);
}

// As where a resolution fades in: two layers, of which each gets a share of the gradient.
TEST(Gate, IsAppliedByALerp) {
  Layers l;
  Tape tape(l.context);
  const Tensor x = tape.watch(l.x), w = tape.watch(l.w0), t = full({}, 0.3, l.x);
  const Tensor y = ops::lerp(l.layer(x, w), l.layer(x, l.w1), t);
  const Tensor dx = tape.grad(y, std::span(&x, 1), {}, GradMode::record)[0];
  EXPECT_EQ(l.gates(), 0);
  const int64_t lerps = l.counts.all().at("lerp");
  tape.grad(ops::sum_squares(dx), std::span(&w, 1), {}, GradMode::release);
  // The tangent passes through the mask of the layer with w, in the convolution above it.
  EXPECT_EQ(l.gates(), 0);
  EXPECT_GT(l.counts.all().at("lerp"), lerps);
}

TEST(Gate, IsAppliedByTheLayerItselfIfItsResultIsUsedTwice) {
  Layers l;
  Tape tape(l.context);
  const Tensor x = tape.watch(l.x);
  const Tensor y = l.layer(x, l.w0);
  tape.grad(ops::add(ops::conv2d(y, l.w1, {}), y), std::span(&x, 1), {}, GradMode::release);
  EXPECT_EQ(l.gates(), 1);
}

// The same for layers that end in a pixel norm. `split` inserts an op without a gate after each of
// them, so each layer applies its own gate.
enum class Behind : uint8_t { nothing, split };

struct NormedLayers : Layers {
  Tensor layer(const Tensor& in, const Tensor& w, ConvMode mode, Behind behind) {
    const Tensor y = ops::conv_bias_lrelu_pixel_norm(in, w, b, {.mode = mode}, 0.2, 1e-3);
    return behind == Behind::split ? ops::identity(y) : y;
  }
  Tensor stack(const Tensor& in, const Tensor& v0, const Tensor& v1, Behind behind) {
    const Tensor y = layer(layer(in, v0, ConvMode::same, behind), v1, ConvMode::up, behind);
    return ops::conv2d(y, v1, {.mode = ConvMode::down});
  }
  int64_t norms() const { return counts.all().at("pixel_norm_vjp"); }
};

// Gradients of the stack with respect to its image and both filters.
std::vector<std::vector<double>> gradients(NormedLayers& l, Behind behind) {
  Tape tape(l.context);
  const Tensor leaves[] = {tape.watch(l.x), tape.watch(l.w0), tape.watch(l.w1)};
  std::vector<std::vector<double>> values;
  const Tensor y = l.stack(leaves[0], leaves[1], leaves[2], behind);
  for (const Tensor& g : tape.grad(y, leaves, {}, GradMode::release)) values.push_back(to_host(g));
  return values;
}

TEST(NormGate, IsAppliedByTheDataGradientAbove) {
  NormedLayers fused, apart;
  const auto got = gradients(fused, Behind::nothing), want = gradients(apart, Behind::split);
  EXPECT_EQ(fused.norms(), 0);
  EXPECT_EQ(apart.norms(), 2);
  EXPECT_EQ(got, want);
}

TEST(NormGate, IsAppliedByTheLayerItselfIfItsResultIsUsedTwice) {
  NormedLayers l;
  Tape tape(l.context);
  const Tensor x = tape.watch(l.x);
  const Tensor y = l.layer(x, l.w0, ConvMode::same, Behind::nothing);
  tape.grad(ops::add(ops::conv2d(y, l.w1, {}), y), std::span(&x, 1), {}, GradMode::release);
  EXPECT_EQ(l.norms(), 1);
}

TEST(NormGate, IsIgnoredByAConvolutionInTheBackwardPass) {
  NormedLayers l;
  Tape tape(l.context);
  const Tensor x = tape.watch(l.x);
  const auto grad = [&](Behind behind) {
    const Tensor y = l.layer(x, l.w0, ConvMode::same, behind);
    const Tensor z = ops::conv2d_input_grad(y, l.w1, y.shape(), {});
    return to_host(tape.grad(z, std::span(&x, 1), {}, GradMode::keep)[0]);
  };
  EXPECT_EQ(grad(Behind::nothing), grad(Behind::split));
  EXPECT_EQ(l.norms(), 2);
}

// The fused kernel cannot be differentiated again.
TEST(NormGate, IsNotOfferedWhileTheBackwardPassIsRecorded) {
  NormedLayers l;
  Tape tape(l.context);
  const Tensor x = tape.watch(l.x), w = tape.watch(l.w0);
  const auto second = [&](Behind behind) {
    const Tensor y = l.stack(x, w, l.w1, behind);
    const int64_t before = l.norms();
    const Tensor dx = tape.grad(y, std::span(&x, 1), {}, GradMode::record)[0];
    EXPECT_EQ(l.norms(), before);
    return to_host(tape.grad(ops::mean(ops::square(dx)), std::span(&w, 1), {}, GradMode::keep)[0]);
  };
  const auto got = second(Behind::nothing);
  EXPECT_EQ(got, second(Behind::split));
}

}  // namespace
}  // namespace pg::test
