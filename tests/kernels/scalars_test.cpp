// scalars_test.cpp: sums of single numbers.
#include <vector>

#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

KERNEL_TEST(add_scalars, AddsNumbersOfBothTypes) {
  const Host x = random_host({1, 1, 1, 3}, 1), before = random_host({1, 1, 1, 3}, 2);
  Host want = before;
  for (size_t i = 0; i < 3; ++i) want.data[i] += x.data[i];
  const std::vector<Host> got = run(DType::f64, [&](Bench& b) {
    AddScalarsArgs args{.count = 3, .sums = b.inout(before)};
    const DType types[] = {DType::f32, DType::f64, DType::f32};
    for (size_t i = 0; i < 3; ++i) args.x[i] = b.in(Host({}, x.data[i]), types[i]);
    b.backend().add_scalars(args);
  });
  expect_close(got[0], want, DType::f64);
}

}  // namespace
}  // namespace pg::test
