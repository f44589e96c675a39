// matmul_cases.cpp: matrix products in all four transpositions, and the dense layer.
#include "engine/gradcheck/op_case.h"

namespace pg::gradcheck {

std::vector<OpCase> matmul_cases() {
  using enum Transpose;
  std::vector<OpCase> cases;
  const auto add = [&](const char* name, Shape a, Shape b, ops::MatmulOptions o, double terms) {
    cases.push_back({.name = name,
                     .inputs = {a, b},
                     .run = [o](const auto& in) { return ops::matmul(in[0], in[1], o); },
                     .reduction = terms});
  };
  add("MatmulPlain", {5, 1, 1, 7}, {7, 1, 1, 4}, {no, no, 0.5}, 7);
  add("MatmulTransposedA", {7, 1, 1, 5}, {7, 1, 1, 4}, {yes, no, 0.5}, 7);
  add("MatmulTransposedB", {5, 1, 1, 7}, {4, 1, 1, 7}, {no, yes, 0.5}, 7);
  add("MatmulTransposedBoth", {7, 1, 1, 5}, {4, 1, 1, 7}, {yes, yes, 0.5}, 7);
  add("MatmulWide", {6, 1, 1, 130}, {37, 1, 1, 130}, {no, yes, 0.1}, 130);
  add("MatmulOneColumn", {9, 1, 1, 65}, {1, 1, 1, 65}, {no, yes, 1.0}, 65);
  add("MatmulOneRow", {1, 1, 1, 33}, {33, 1, 1, 18}, {no, no, 1.0}, 33);
  cases.push_back({.name = "Dense",
                   .inputs = {{4, 1, 1, 40}, {24, 1, 1, 40}},
                   .run = [](const auto& in) { return ops::dense(in[0], in[1], 0.25); },
                   .reduction = 40});
  return cases;
}

}  // namespace pg::gradcheck
