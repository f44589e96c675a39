// mean_loss_test.cpp: losses made of means, and their gradients.
#include <cmath>
#include <vector>

#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

constexpr int64_t kSamples = 70;  // more than two for each lane of a warp
constexpr Shape kScores{kSamples, 1, 1, 1};

// Every function, ranges that overlap, rows in no term.
MeanTerms all_functions() {
  return {.term = {{{.first = 1, .count = 33, .f = MeanOf::square, .scale = 0.5, .shift = -0.25},
                    {.first = 30, .count = 36, .f = MeanOf::softplus, .sign = -1.0, .weight = 3.0},
                    {.first = 2, .count = 1, .f = MeanOf::value, .sign = -1.0},
                    {.first = 5, .count = 40, .f = MeanOf::relu, .shift = 0.125, .weight = 0.5}}},
          .count = 4};
}

// The norm of a gradient from its square.
MeanTerms one_root() {
  return {.term = {{{.first = 0,
                     .count = kSamples,
                     .f = MeanOf::square,
                     .root = true,
                     .scale = 0.25,
                     .shift = -1.0,
                     .weight = 10.0}}},
          .count = 1};
}

double value_of(const MeanTerm& t, double u) {
  if (t.f == MeanOf::square) return u * u;
  if (t.f == MeanOf::relu) return std::max(u, 0.0);
  return t.f == MeanOf::softplus ? std::log1p(std::exp(u)) : u;
}

double slope_of(const MeanTerm& t, double u) {
  if (t.f == MeanOf::square) return 2 * u;
  if (t.f == MeanOf::relu) return u > 0 ? 1 : 0;
  return t.f == MeanOf::softplus ? 1 / (1 + std::exp(-u)) : 1;
}

struct Wanted {
  Host loss{{}}, means, dx{kScores};
};

Wanted reference(const MeanTerms& terms, const Host& x, double dy) {
  Wanted w{.means = Host({1, 1, 1, terms.count})};
  for (int k = 0; k < terms.count; ++k) {
    const MeanTerm& t = terms.term[static_cast<size_t>(k)];
    const double share = 1.0 / static_cast<double>(t.count);
    for (int64_t i = t.first; i < t.first + t.count; ++i) {
      const double at = x(i, 0, 0, 0), v = t.scale * (t.root ? std::sqrt(at) : at);
      const double u = t.sign * v + t.shift, inner = t.root ? 0.5 / std::sqrt(at) : 1.0;
      w.means(0, 0, 0, k) += share * v;
      w.loss.data[0] += t.weight * share * value_of(t, u);
      w.dx(i, 0, 0, 0) += dy * t.weight * share * slope_of(t, u) * t.sign * t.scale * inner;
    }
  }
  return w;
}

// About ten operations, of which sums and differences may cancel.
constexpr int64_t kOperations = 100;

KERNEL_TEST(mean_loss, MatchesReference) {
  for (const MeanTerms& terms : {all_functions(), one_root()}) {
    const Host x = random_host(kScores, 1, terms.count == 1 ? 0.5 : -2.0, 2.0);
    const Wanted want = reference(terms, x, 1.0);
    expect_matches(
        [&](Bench& b) {
          b.backend().mean_loss({.x = b.in(x),
                                 .loss = b.out({}),
                                 .means = b.out({1, 1, 1, terms.count}),
                                 .terms = terms});
        },
        {want.loss, want.means}, kOperations, Floats::f64_f32);
  }
}

KERNEL_TEST(mean_loss_vjp, MatchesReference) {
  for (const MeanTerms& terms : {all_functions(), one_root()}) {
    const Host x = random_host(kScores, 1, terms.count == 1 ? 0.5 : -2.0, 2.0);
    const Host dy({}, std::vector<double>{0.75});
    expect_matches(
        [&](Bench& b) {
          b.backend().mean_loss_vjp(
              {.x = b.in(x), .dy = b.in(dy), .dx = b.out(kScores), .terms = terms});
        },
        {reference(terms, x, 0.75).dx}, kOperations, Floats::f64_f32);
  }
}

}  // namespace
}  // namespace pg::test
