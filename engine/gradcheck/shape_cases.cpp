// shape_cases.cpp: ops that view or copy elements.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {
namespace {
constexpr Shape kImage{4, 3, 5, 6};
}  // namespace

std::vector<OpCase> shape_cases() {
  std::vector<OpCase> cases;
  const auto one = [&](const char* name, Shape x, auto f, double terms = 1) {
    cases.push_back({.name = name,
                     .inputs = {x},
                     .run = [f](const auto& in) { return f(in[0]); },
                     .reduction = terms});
  };
  one("Identity", kImage, [](const Tensor& x) { return ops::identity(x); });
  one("Reshape", kImage, [](const Tensor& x) { return ops::reshape(x, {4, 1, 1, 90}); });
  one("SliceBatch", kImage, [](const Tensor& x) { return ops::slice_batch(x, 1, 2); });
  one("PlaceBatch", kImage, [](const Tensor& x) { return ops::place_batch(x, 1, 6); });
  // Gradients of a tensor that is used twice are added.
  one("UsedTwice", kImage, [](const Tensor& x) { return ops::mul(ops::square(x), x); });
  cases.push_back({.name = "ConcatBatch",
                   .inputs = {kImage, {2, 3, 5, 6}},
                   .run = [](const auto& in) { return ops::concat_batch(in[0], in[1]); }});
  return cases;
}

}  // namespace pg::gradcheck
