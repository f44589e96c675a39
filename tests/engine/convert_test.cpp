// convert_test.cpp: values and gradients keep their element types apart.
#include <gtest/gtest.h>

#include "engine/ops.h"

namespace pg::test {
namespace {

TEST(Convert, GradientComesBackInTheTypeOfTheInput) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context(*backend);
  Tape tape(context);
  const Tensor x = tape.watch(full({1, 1, 1, 3}, 1.0 / 3.0, Tensor(context, {}, DType::f64)));
  const Tensor y = ops::square(ops::convert(x, DType::f32));
  EXPECT_EQ(y.dtype(), DType::f32);
  const Tensor dx = tape.grad(y, std::span(&x, 1), {}, GradMode::keep)[0];
  EXPECT_EQ(dx.dtype(), DType::f64);
  EXPECT_EQ(to_host(dx)[1], static_cast<double>(2.0f * static_cast<float>(1.0 / 3.0)));
}

TEST(Convert, SameTypeIsTheTensorItself) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  Context context(*backend);
  const Tensor x(context, {}, DType::f32);
  EXPECT_TRUE(ops::convert(x, DType::f32).same_as(x));
}

}  // namespace
}  // namespace pg::test
