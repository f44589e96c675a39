// op_contracts_test.cpp: ops reject shapes and element types that do not fit, by error type.
#include <gtest/gtest.h>

#include <typeinfo>

#include "engine/ops/ops.h"

namespace pg::test {
namespace {

class OpContract : public testing::Test {
 protected:
  Tensor tensor(const Shape& shape, DType dtype = DType::f32) {
    const Tensor x(context_, shape, dtype);
    if (dtype != DType::u8) x.backend().fill({.y = x.mutable_view(), .value = 1.0});
    return x;
  }
  std::unique_ptr<Backend> backend_ = make_cpu_backend(1, CpuPath::direct);
  Context context_{*backend_};
  const Tensor x_ = tensor({2, 4, 4, 3}), w_ = tensor({5, 3, 3, 3});
};

// The op must throw Kind and not a type derived from it, which EXPECT_THROW would accept.
#define EXPECT_REJECTED(expression, Kind)                                            \
  try {                                                                              \
    static_cast<void>(expression);                                                   \
    ADD_FAILURE() << #expression " was accepted";                                    \
  } catch (const Error& e) {                                                         \
    EXPECT_EQ(typeid(e), typeid(Kind)) << #expression " was rejected: " << e.what(); \
  }

TEST_F(OpContract, ConvolutionsRejectOtherChannels) {
  EXPECT_REJECTED(ops::conv2d(x_, tensor({5, 3, 3, 4}), {}), ShapeError);
}

TEST_F(OpContract, ConvolutionsRejectFiltersLargerThanTheirInput) {
  EXPECT_REJECTED(ops::conv2d(x_, tensor({5, 5, 5, 3}), {.pad = 0}), ShapeError);
  EXPECT_EQ(ops::conv2d(x_, tensor({5, 4, 4, 3}), {.pad = 0}).shape(), (Shape{2, 1, 1, 5}));
}

TEST_F(OpContract, ResamplingConvolutionsRequire3x3FiltersWithPad1) {
  for (const ConvMode mode : {ConvMode::up, ConvMode::down}) {
    EXPECT_REJECTED(ops::conv2d(x_, tensor({5, 1, 1, 3}), {.mode = mode}), ShapeError);
    EXPECT_REJECTED(ops::conv2d(x_, w_, {.mode = mode, .pad = 0}), ShapeError);
  }
}

TEST_F(OpContract, DownConvolutionsRejectOddExtents) {
  EXPECT_REJECTED(ops::conv2d(tensor({1, 5, 4, 3}), w_, {.mode = ConvMode::down}), ShapeError);
  EXPECT_REJECTED(ops::conv2d(tensor({1, 4, 5, 3}), w_, {.mode = ConvMode::down}), ShapeError);
}

TEST_F(OpContract, ConvolutionsRejectFiltersOfAnotherType) {
  EXPECT_REJECTED(ops::conv2d(x_, tensor(w_.shape(), DType::f64), {}), DTypeError);
  EXPECT_REJECTED(ops::conv2d(ops::convert(x_, DType::bf16), ops::convert(w_, DType::bf16), {}),
                  DTypeError);
  EXPECT_REJECTED(ops::conv2d_input_grad(x_, tensor({3, 3, 3, 5}, DType::f64), {2, 4, 4, 5}, {}),
                  DTypeError);
}

TEST_F(OpContract, ConvolutionGradientsRejectOtherCotangents) {
  const Tensor dy = tensor({2, 4, 4, 6});
  EXPECT_REJECTED(ops::conv2d_input_grad(dy, w_, x_.shape(), {}), ShapeError);
  EXPECT_REJECTED(ops::conv2d_weight_grad(dy, x_, w_.shape(), {}), ShapeError);
}

TEST_F(OpContract, LayersRejectABiasOfAnotherLength) {
  const Tensor b = tensor({1, 1, 1, 3});
  EXPECT_REJECTED(ops::conv_bias_lrelu(x_, w_, b, {}, 0.2), ShapeError);
  EXPECT_REJECTED(ops::conv_bias_lrelu_pixel_norm(x_, w_, b, {}, 0.2, 1e-8), ShapeError);
  EXPECT_REJECTED(ops::bias_lrelu(x_, tensor({1, 1, 1, 4}), 0.2), ShapeError);
}

TEST_F(OpContract, ProductsRejectOtherInnerExtents) {
  const Tensor a = tensor({4, 1, 1, 3}), b = tensor({5, 1, 1, 3});
  EXPECT_REJECTED(ops::matmul(a, b), ShapeError);
  EXPECT_EQ(ops::dense(a, b, 1.0).shape(), (Shape{4, 1, 1, 5}));
}

TEST_F(OpContract, ArithmeticRejectsShapesThatDoNotBroadcast) {
  EXPECT_REJECTED(ops::add(x_, tensor({1, 1, 1, 2})), ShapeError);
  EXPECT_REJECTED(ops::mul(x_, tensor({2, 2, 2, 3})), ShapeError);
  EXPECT_REJECTED(ops::broadcast_to(tensor({1, 1, 1, 2}), x_.shape()), ShapeError);
}

TEST_F(OpContract, ArithmeticRejectsMixedTypes) {
  EXPECT_REJECTED(ops::sub(x_, tensor(x_.shape(), DType::f64)), DTypeError);
}

TEST_F(OpContract, OpsOnEqualOperandsRejectOtherShapesAndTypes) {
  const Tensor shape = tensor({2, 4, 4, 1}), type = tensor(x_.shape(), DType::f64);
  EXPECT_REJECTED(ops::leaky_gate(x_, shape, 0.2), ShapeError);
  EXPECT_REJECTED(ops::leaky_gate(x_, type, 0.2), DTypeError);
  EXPECT_REJECTED(ops::lerp(x_, shape, tensor({})), ShapeError);
  EXPECT_REJECTED(ops::add_in_place(x_, shape), ShapeError);
  EXPECT_REJECTED(ops::copy_into(x_, shape), ShapeError);
  EXPECT_REJECTED(ops::copy_into(x_, type), DTypeError);
}

TEST_F(OpContract, LerpRejectsWeightsThatAreNotOneForEachSample) {
  EXPECT_REJECTED(ops::lerp(x_, x_, tensor({3, 1, 1, 1})), ShapeError);
  EXPECT_REJECTED(ops::lerp(x_, x_, tensor({2, 1, 1, 3})), ShapeError);
}

TEST_F(OpContract, SumsRejectExtentsOtherThan1) {
  EXPECT_REJECTED(ops::sum_to(x_, {1, 1, 1, 2}), ShapeError);
  EXPECT_REJECTED(ops::sum_to(x_, {4, 4, 4, 3}), ShapeError);
}

TEST_F(OpContract, ReshapesKeepTheNumberOfElements) {
  EXPECT_REJECTED(ops::reshape(x_, {2, 4, 4, 4}), ShapeError);
}

TEST_F(OpContract, SlicesLieInsideTheirTensor) {
  for (const int64_t first : {-1, 2}) {
    EXPECT_REJECTED(ops::slice_batch(x_, first, 1), ShapeError);
    EXPECT_REJECTED(ops::place_batch(x_, first, 3), ShapeError);
  }
  for (const int64_t first : {-1, 3}) {
    EXPECT_REJECTED(ops::take_channels(x_, first, 1), ShapeError);
    EXPECT_REJECTED(ops::place_channels(x_, first, 5), ShapeError);
  }
  EXPECT_REJECTED(ops::slice_batch(x_, 0, 0), ShapeError);
  EXPECT_REJECTED(ops::take_channels(x_, 0, 0), ShapeError);
}

TEST_F(OpContract, ConcatenationRejectsOtherSamples) {
  EXPECT_REJECTED(ops::concat_batch(x_, tensor({2, 4, 4, 2})), ShapeError);
}

TEST_F(OpContract, AppendedChannelsAreOneValueForEachSample) {
  EXPECT_REJECTED(ops::append_channel(x_, tensor({1, 1, 1, 1})), ShapeError);
  EXPECT_REJECTED(ops::append_channel(x_, tensor({2, 4, 4, 1})), ShapeError);
}

TEST_F(OpContract, StddevRejectsSamplesThatDoNotFillGroups) {
  const Tensor x = tensor({6, 2, 2, 1});
  EXPECT_REJECTED(ops::minibatch_stddev(x, {.group = 4, .batches = 1}), ShapeError);
  EXPECT_REJECTED(ops::minibatch_stddev(x, {.group = 2, .batches = 4}), ShapeError);
  EXPECT_EQ(ops::minibatch_stddev(x, {.group = 3, .batches = 2}).shape(), (Shape{6, 1, 1, 1}));
}

TEST_F(OpContract, ResamplingRejectsFactorsThatDoNotDivide) {
  EXPECT_REJECTED(ops::upsample(x_, 0), ShapeError);
  EXPECT_REJECTED(ops::avg_pool(x_, 0), ShapeError);
  EXPECT_REJECTED(ops::avg_pool(x_, 3), ShapeError);
}

TEST_F(OpContract, FadeInRejectsImagesOfTheWrongSize) {
  EXPECT_REJECTED(ops::fade_in(x_, x_, tensor({})), ShapeError);
  EXPECT_REJECTED(ops::fade_in(x_, tensor({2, 8, 8, 4}), tensor({})), ShapeError);
}

TEST_F(OpContract, ScalarSumsTakeOneNumberEach) {
  const Tensor sums = tensor({1, 1, 1, 2}, DType::f64), one = tensor({});
  EXPECT_REJECTED(ops::add_scalars(sums, std::vector<Tensor>{one}), ShapeError);
  const Tensor many = tensor({1, 1, 1, AddScalarsArgs::kMost + 1}, DType::f64);
  const std::vector<Tensor> numbers(AddScalarsArgs::kMost + 1, one);
  EXPECT_REJECTED(ops::add_scalars(many, numbers), ShapeError);
}

TEST_F(OpContract, ImagesAreBytesWithOneMirrorFlagEach) {
  EXPECT_REJECTED(ops::images_to_float(x_, x_, {}, {}), DTypeError);
  const Tensor bytes = tensor({2, 4, 4, 3}, DType::u8);
  EXPECT_REJECTED(ops::images_to_float(x_, bytes, tensor({3, 1, 1, 1}, DType::u8), {}), ShapeError);
  EXPECT_REJECTED(ops::images_to_float(tensor({2, 4, 4, 1}), bytes, {}, {}), ShapeError);
}

TEST_F(OpContract, MeanLossesHaveTermsWithinTheirNumbers) {
  const Tensor scores = tensor({4, 1, 1, 1});
  const auto loss = [&](const Tensor& x, std::vector<MeanTerm> terms) {
    return ops::mean_loss(x, terms).loss;
  };
  EXPECT_REJECTED(loss(x_, {{.count = 2}}), ShapeError);
  EXPECT_REJECTED(loss(scores, {}), ShapeError);
  EXPECT_REJECTED(loss(scores, std::vector<MeanTerm>(5, {.count = 4})), ShapeError);
  EXPECT_REJECTED(loss(scores, {{.first = 2, .count = 3}}), ShapeError);
}

TEST_F(OpContract, ScaledTakesOneNumberOrOneForEachSample) {
  EXPECT_REJECTED(ops::scaled(x_, tensor({3, 1, 1, 1})), ShapeError);
}

}  // namespace
}  // namespace pg::test
