// tensor_core_sum_test.cpp: sums of tensor cores are cut off as published, and mma follows them.
#include "tests/hardware/tensor_core_sum.h"

#include <cmath>

#include "tests/simt/self/device_array.h"
#include "tests/simt/self/healthy.h"

namespace pg::simt {
namespace {

using hardware::cut_to_f32;
using hardware::tensor_core_sum;

constexpr int kDepth = 16;

float power(int exponent) { return std::ldexp(1.0f, exponent); }

// c + products, each of a power of two by one.
struct Sum {
  float c = 0.0f;
  float a[kDepth] = {}, b[kDepth] = {};

  explicit Sum(float start) : c(start) { std::fill(b, b + kDepth, 1.0f); }
  Sum& with(int k, float product) {
    a[k] = product;
    return *this;
  }
  float on(TensorCore core) const { return tensor_core_sum(core, c, a, b, kDepth); }
};

TEST(TensorCoreSum, CutsTheResultToF32) {
  // 1 - 2^-25 is halfway between 1 - 2^-24 and 1.
  const Sum sum = Sum(1.0f).with(3, -power(-25));
  EXPECT_EQ(sum.on(TensorCore::rounded), 1.0f);
  EXPECT_EQ(sum.on(TensorCore::hopper), 1.0f - power(-24));
  EXPECT_EQ(Sum(-1.0f).with(3, power(-25)).on(TensorCore::hopper), -1.0f + power(-24));
}

TEST(TensorCoreSum, KeepsBitsBelowTheLargestExponent) {
  Sum kept(1.0f), lost(1.0f);
  for (int k = 0; k < 8; ++k) kept.with(k, power(-25)), lost.with(k, power(-26));
  EXPECT_EQ(kept.on(TensorCore::rounded), 1.0f + power(-22));
  EXPECT_EQ(kept.on(TensorCore::hopper), 1.0f + power(-22));
  EXPECT_EQ(kept.on(TensorCore::ampere), 1.0f);
  EXPECT_EQ(lost.on(TensorCore::rounded), 1.0f + power(-23));
  EXPECT_EQ(lost.on(TensorCore::hopper), 1.0f);
}

TEST(TensorCoreSum, AmpereAddsTwoHalves) {
  const Sum together = Sum(1.0f).with(0, power(-24)).with(7, power(-24));
  const Sum apart = Sum(1.0f).with(0, power(-24)).with(8, power(-24));
  EXPECT_EQ(together.on(TensorCore::ampere), 1.0f + power(-23));
  EXPECT_EQ(apart.on(TensorCore::ampere), 1.0f);
  EXPECT_EQ(apart.on(TensorCore::hopper), 1.0f + power(-23));
}

TEST(TensorCoreSum, LargeProductsHideTheAccumulatorEvenIfTheyCancel) {
  Sum sum = Sum(power(-26)).with(0, 1.5f).with(1, -1.5f);
  sum.b[0] = sum.b[1] = 1.5f;  // 2.25, of exponent 0: its significand is not normalised
  EXPECT_EQ(sum.on(TensorCore::rounded), power(-26));
  EXPECT_EQ(sum.on(TensorCore::hopper), 0.0f);
  sum.c = power(-25);
  EXPECT_EQ(sum.on(TensorCore::hopper), power(-25));
}

TEST(TensorCoreSum, KeepsSubnormalAndInfiniteNumbers) {
  EXPECT_EQ(Sum(power(-140)).with(2, power(-140)).on(TensorCore::hopper), power(-139));
  EXPECT_EQ(Sum(INFINITY).with(2, 1.0f).on(TensorCore::hopper), INFINITY);
  EXPECT_TRUE(std::isnan(Sum(INFINITY).with(2, -INFINITY).on(TensorCore::hopper)));
  EXPECT_EQ(cut_to_f32(0x1p128 - 0x1p100), 0x1.fffffep127f);
  EXPECT_EQ(cut_to_f32(-0x1p128), -INFINITY);
}

TEST(Mma, SumsAsTheChosenTensorCore) {
  std::vector<__nv_bfloat16> a(16 * kDepth, 0.0f), b(kDepth * 8, 1.0f);
  a[0] = 1.0f;
  a[1] = -power(-25);
  const auto first = [&] {
    DeviceArray<__nv_bfloat16> device_a(a), device_b(b);
    DeviceArray<float> c(16 * 8);
    EXPECT_EQ(multiply_bf16(c, device_a, device_b), cudaSuccess);
    return c.values()[0];
  };
  EXPECT_EQ(first(), 1.0f);
  set_tensor_core(TensorCore::hopper);
  EXPECT_EQ(first(), 1.0f - power(-24));
  set_tensor_core(TensorCore::rounded);
}

}  // namespace
}  // namespace pg::simt
