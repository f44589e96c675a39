// convert_test.cpp: conversion between element types.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/ops.h"

namespace pg::test {
namespace {

class Convert : public testing::Test {
 protected:
  Tensor tensor(DType dtype, std::vector<double> values) {
    Tensor x(context_, {1, 1, 1, static_cast<int64_t>(values.size())}, dtype);
    from_host(x, values);
    return x;
  }
  std::unique_ptr<Backend> backend_ = make_cpu_backend(2, CpuPath::direct);
  Context context_{*backend_};
};

TEST_F(Convert, ToTheSameTypeReturnsTheTensor) {
  const Tensor x = tensor(DType::f32, {1.0, 2.0});
  EXPECT_EQ(ops::convert(x, DType::f32).view().data, x.view().data);
}

TEST_F(Convert, RoundsToTheType) {
  const Tensor x = tensor(DType::f64, {0.1, -3.0, 1 + 0x1p-8 + 0x1p-40});
  const Tensor f32 = ops::convert(x, DType::f32);
  EXPECT_EQ(f32.dtype(), DType::f32);
  EXPECT_EQ(to_host(f32), (std::vector<double>{static_cast<double>(0.1f), -3.0, 1 + 0x1p-8}));
  const Tensor bf16 = ops::convert(x, DType::bf16);
  EXPECT_EQ(bf16.dtype(), DType::bf16);
  EXPECT_EQ(to_host(ops::convert(bf16, DType::f64)),
            (std::vector<double>{0x1.9ap-4, -3.0, 1 + 0x1p-7}));
}

// y = (x as another type)^3
TEST_F(Convert, GradientsOfBothOrdersHaveTheTypeOfTheInput) {
  for (const DType from : {DType::f64, DType::f32}) {
    const DType to = from == DType::f64 ? DType::f32 : DType::f64;
    Tape tape(context_);
    const Tensor x = tape.watch(tensor(from, {0.5, -2.0, 3.0}));
    const Tensor wide = ops::convert(x, to), y = ops::mul(ops::square(wide), wide);
    const Tensor xs[] = {x};
    const Tensor dx = tape.grad(y, xs, {}, GradMode::record)[0];
    EXPECT_EQ(dx.dtype(), from);
    EXPECT_EQ(to_host(dx), (std::vector<double>{0.75, 12.0, 27.0}));
    const Tensor ddx = tape.grad(dx, xs, {}, GradMode::keep)[0];
    EXPECT_EQ(ddx.dtype(), from);
    EXPECT_EQ(to_host(ddx), (std::vector<double>{3.0, -12.0, 18.0}));
  }
}

}  // namespace
}  // namespace pg::test
