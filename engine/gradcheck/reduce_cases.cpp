// reduce_cases.cpp: sums over extents.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {
namespace {
constexpr Shape kImage{4, 3, 5, 6};
}  // namespace

std::vector<OpCase> reduce_cases() {
  std::vector<OpCase> cases;
  const auto one = [&](const char* name, Shape x, auto f, double terms = 1) {
    cases.push_back({.name = name,
                     .inputs = {x},
                     .run = [f](const auto& in) { return f(in[0]); },
                     .reduction = terms});
  };
  one(
      "SumToScalar", kImage, [](const Tensor& x) { return ops::sum_to(x, {}, 0.5); }, 360);
  one(
      "SumToChannels", kImage,
      [](const Tensor& x) {
        return ops::sum_to(x, {1, 1, 1, 6});
      },
      60);
  one(
      "SumToSamples", kImage,
      [](const Tensor& x) {
        return ops::sum_to(x, {4, 1, 1, 1});
      },
      90);
  one(
      "SumToPixels", kImage,
      [](const Tensor& x) {
        return ops::sum_to(x, {4, 3, 5, 1});
      },
      6);
  one(
      "SumToRows", kImage,
      [](const Tensor& x) {
        return ops::sum_to(x, {1, 3, 1, 6});
      },
      20);
  one("SumToSame", kImage, [](const Tensor& x) { return ops::sum_to(x, x.shape(), 2.0); });
  one(
      "SumSquares", kImage, [](const Tensor& x) { return ops::sum_squares(x); }, 90);
  one(
      "Mean", kImage, [](const Tensor& x) { return ops::mean(x); }, 360);
  return cases;
}

}  // namespace pg::gradcheck
