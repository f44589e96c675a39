// mean_loss_cases.cpp: losses of scores and of gradient norms.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {
namespace {

constexpr Shape kScores{6, 1, 1, 1};

OpCase loss_case(const char* name, std::vector<MeanTerm> terms, double low, double high) {
  return {.name = name,
          .inputs = {kScores},
          .run = [terms](const auto& in) { return ops::mean_loss(in[0], terms).loss; },
          .low = low,
          .high = high,
          .reduction = 6};
}

}  // namespace

std::vector<OpCase> mean_loss_cases() {
  return {loss_case("MeanLossOfValues",
                    {{.first = 3, .count = 3},
                     {.first = 0, .count = 3, .sign = -1.0},
                     {.first = 0, .count = 3, .f = MeanOf::square, .weight = 1e-3}},
                    -1.0, 1.0),
          loss_case("MeanLossOfSoftplus",
                    {{.first = 3, .count = 3, .f = MeanOf::softplus},
                     {.first = 0, .count = 2, .f = MeanOf::softplus, .sign = -1.0}},
                    -1.0, 1.0),
          loss_case("MeanLossOfRelu",
                    {{.first = 0, .count = 3, .f = MeanOf::relu, .sign = -1.0, .shift = 3.0},
                     {.first = 3, .count = 3, .f = MeanOf::relu, .shift = -3.0}},
                    -1.0, 1.0),
          loss_case("MeanLossOfRoots",
                    {{.first = 0,
                      .count = 6,
                      .f = MeanOf::square,
                      .root = true,
                      .scale = 0.5,
                      .shift = -1.0,
                      .weight = 10.0}},
                    0.5, 1.5)};
}

}  // namespace pg::gradcheck
