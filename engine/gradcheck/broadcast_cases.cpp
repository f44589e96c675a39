// broadcast_cases.cpp: broadcasting in every pattern that networks use.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {
namespace {
using Binary = Tensor (*)(const Tensor&, const Tensor&);
constexpr Shape kImage{2, 3, 5, 7};
constexpr Shape kSix{4, 3, 5, 6};
}  // namespace

std::vector<OpCase> broadcast_cases() {
  std::vector<OpCase> cases;
  const struct {
    const char* name;
    Shape shape;
  } patterns[] = {{"Same", kImage},        {"Channel", {1, 1, 1, 7}}, {"Sample", {2, 1, 1, 1}},
                  {"Pixel", {2, 3, 5, 1}}, {"Scalar", {1, 1, 1, 1}},  {"Column", {1, 1, 5, 1}},
                  {"Plane", {1, 3, 5, 7}}};
  const struct {
    const char* name;
    Binary f;
  } binaries[] = {{"Add", ops::add}, {"Sub", ops::sub}, {"Mul", ops::mul}, {"Div", ops::div}};
  for (const auto& b : binaries) {
    for (const auto& p : patterns) {
      const auto run = [f = b.f](const auto& in) { return f(in[0], in[1]); };
      cases.push_back({.name = std::string(b.name) + p.name,
                       .inputs = {kImage, p.shape},
                       .run = run,
                       .low = 0.5,
                       .high = 1.5});
      if (p.shape == kImage) continue;
      cases.push_back({.name = std::string(b.name) + p.name + "First",
                       .inputs = {p.shape, kImage},
                       .run = run,
                       .low = 0.5,
                       .high = 1.5});
    }
  }
  cases.push_back({.name = "LerpScalar", .inputs = {kImage, kImage}, .run = [](const auto& in) {
                     return ops::lerp(in[0], in[1], full({1, 1, 1, 1}, 0.3, in[0]));
                   }});
  cases.push_back({.name = "LerpSample", .inputs = {kImage, kImage}, .run = [](const auto& in) {
                     const Tensor t = empty({2, 1, 1, 1}, in[0]);
                     from_host(t, std::vector<double>{0.2, 0.9});
                     return ops::lerp(in[0], in[1], t);
                   }});
  const auto one = [&](const char* name, Shape x, auto f) {
    cases.push_back({.name = name, .inputs = {x}, .run = [f](const auto& in) { return f(in[0]); }});
  };
  one("BroadcastChannels", {1, 1, 1, 6},
      [](const Tensor& x) { return ops::broadcast_to(x, kSix); });
  one("TakeChannels", kSix, [](const Tensor& x) { return ops::take_channels(x, 2, 3); });
  one("PlaceChannels", kSix, [](const Tensor& x) { return ops::place_channels(x, 2, 9); });
  cases.push_back({.name = "AppendChannel",
                   .inputs = {kSix, {4, 1, 1, 1}},
                   .run = [](const auto& in) { return ops::append_channel(in[0], in[1]); }});
  return cases;
}

}  // namespace pg::gradcheck
