// pointwise_cases.cpp: elementwise ops of one tensor.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {
namespace {
using Unary = Tensor (*)(const Tensor&);
constexpr Shape kImage{2, 3, 5, 7};
}  // namespace

std::vector<OpCase> pointwise_cases() {
  std::vector<OpCase> cases;
  const auto unary = [&](const char* name, Unary f, double low, double high) {
    cases.push_back({.name = name,
                     .inputs = {kImage},
                     .run = [f](const auto& in) { return f(in[0]); },
                     .low = low,
                     .high = high});
  };
  unary("Square", ops::square, -2, 2);
  unary("Sqrt", ops::sqrt, 0.2, 3);
  unary("Reciprocal", ops::reciprocal, 0.4, 3);
  unary("Exp", ops::exp, -2, 2);
  unary("Log", ops::log, 0.2, 3);
  unary("Tanh", ops::tanh, -2, 2);
  unary("Sigmoid", ops::sigmoid, -3, 3);
  unary("Softplus", ops::softplus, -3, 3);

  cases.push_back({.name = "Affine", .inputs = {kImage}, .run = [](const auto& in) {
                     return ops::affine(in[0], -1.5, 0.25);
                   }});
  // To f64: the identity for f64, exact in both directions for f32.
  cases.push_back({.name = "Convert", .inputs = {kImage}, .run = [](const auto& in) {
                     return ops::convert(ops::square(ops::convert(in[0], DType::f64)),
                                         in[0].dtype());
                   }});
  cases.push_back({.name = "BiasLrelu",
                   .inputs = {kImage, {1, 1, 1, 7}},
                   .run = [](const auto& in) { return ops::bias_lrelu(in[0], in[1], 0.2); }});
  cases.push_back({.name = "LreluWithoutBias", .inputs = {kImage}, .run = [](const auto& in) {
                     return ops::bias_lrelu(in[0], {}, 0.2);
                   }});
  cases.push_back({.name = "BiasAlone",
                   .inputs = {kImage, {1, 1, 1, 7}},
                   .run = [](const auto& in) { return ops::bias_lrelu(in[0], in[1], 1.0); }});
  cases.push_back({.name = "LeakyGate", .inputs = {kImage}, .run = [](const auto& in) {
                     const Tensor ref = empty_like(in[0]);
                     std::vector<double> signs(static_cast<size_t>(ref.numel()));
                     for (size_t i = 0; i < signs.size(); ++i) signs[i] = i % 3 == 0 ? 1.0 : -0.5;
                     from_host(ref, signs);
                     return ops::leaky_gate(in[0], ref, 0.2);
                   }});
  return cases;
}

}  // namespace pg::gradcheck
