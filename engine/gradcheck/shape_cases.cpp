// shape_cases.cpp: sums, broadcasts and ops that move elements.
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
      "Mean", kImage, [](const Tensor& x) { return ops::mean(x); }, 360);
  one("BroadcastChannels", {1, 1, 1, 6},
      [](const Tensor& x) { return ops::broadcast_to(x, kImage); });
  one("Identity", kImage, [](const Tensor& x) { return ops::identity(x); });
  one("Reshape", kImage, [](const Tensor& x) { return ops::reshape(x, {4, 1, 1, 90}); });
  one("SliceBatch", kImage, [](const Tensor& x) { return ops::slice_batch(x, 1, 2); });
  one("PlaceBatch", kImage, [](const Tensor& x) { return ops::place_batch(x, 1, 6); });
  one("TakeChannels", kImage, [](const Tensor& x) { return ops::take_channels(x, 2, 3); });
  one("PlaceChannels", kImage, [](const Tensor& x) { return ops::place_channels(x, 2, 9); });
  // A tensor used twice: its gradients add up.
  one("UsedTwice", kImage, [](const Tensor& x) { return ops::mul(ops::square(x), x); });
  cases.push_back({.name = "ConcatBatch",
                   .inputs = {kImage, {2, 3, 5, 6}},
                   .run = [](const auto& in) { return ops::concat_batch(in[0], in[1]); }});
  cases.push_back({.name = "AppendChannel",
                   .inputs = {kImage, {4, 1, 1, 1}},
                   .run = [](const auto& in) { return ops::append_channel(in[0], in[1]); }});
  return cases;
}

}  // namespace pg::gradcheck
