// adam_test.cpp: the optimizer step and the EMA of the weights.
#include <cmath>

#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

Shape flat(int64_t count) { return {1, 1, 1, count}; }

struct AdamCase {
  double beta1 = 0.0, finite = 1.0, t = 3.0;
  AdamEpsilon epsilon = AdamEpsilon::tensorflow;
  EmaOrder ema_order = EmaOrder::before_update;
};

struct AdamState {
  Host w, m, v, ema;
};

constexpr double kLr = 0.01, kBeta2 = 0.9, kEps = 0.03, kDecay = 0.75;

AdamState reference(AdamState s, const Host& g, const AdamCase& t) {
  for (size_t i = 0; i < g.data.size(); ++i) {
    const double w_before = s.w.data[i], gi = g.data[i];
    if (t.finite != 0.0) {
      s.m.data[i] = t.beta1 * s.m.data[i] + (1 - t.beta1) * gi;
      s.v.data[i] = kBeta2 * s.v.data[i] + (1 - kBeta2) * gi * gi;
      const double c1 = 1 - std::pow(t.beta1, t.t), c2 = 1 - std::pow(kBeta2, t.t);
      const double m = s.m.data[i], v = s.v.data[i];
      s.w.data[i] -= t.epsilon == AdamEpsilon::tensorflow
                         ? kLr * std::sqrt(c2) / c1 * m / (std::sqrt(v) + kEps)
                         : kLr / c1 * m / (std::sqrt(v / c2) + kEps);
    }
    const double of = t.ema_order == EmaOrder::before_update ? w_before : s.w.data[i];
    s.ema.data[i] += (of - s.ema.data[i]) * (1 - kDecay);
  }
  return s;
}

// The results in the order w, v, m, ema.
std::function<void(Bench&)> call_of(const AdamState& s, const Host& g, const AdamCase& t) {
  return [=](Bench& b) {
    b.backend().adam({.w = b.inout(s.w),
                      .v = b.inout(s.v),
                      .m = b.inout(s.m),
                      .ema = b.inout(s.ema),
                      .g = b.in(g),
                      .lr = b.in(Host({}, kLr), DType::f64),
                      .t = b.in(Host({}, t.t), DType::f64),
                      .stats = b.in(Host(flat(2), {t.finite, 1.0}), DType::f64),
                      .beta1 = t.beta1,
                      .beta2 = kBeta2,
                      .eps = kEps,
                      .ema_decay = kDecay,
                      .epsilon = t.epsilon,
                      .ema_order = t.ema_order});
  };
}

AdamState random_state(int64_t count) {
  return {random_host(flat(count), 1), random_host(flat(count), 2),
          random_host(flat(count), 3, 0.0, 1.0), random_host(flat(count), 4)};
}

KERNEL_TEST(adam, MatchesReferenceInBothForms) {
  for (const int64_t count : {1, 33, 20003}) {
    const AdamState state = random_state(count);
    const Host g = random_host(flat(count), 5);
    for (const double beta1 : {0.0, 0.5}) {
      for (const AdamEpsilon epsilon : {AdamEpsilon::tensorflow, AdamEpsilon::pytorch}) {
        for (const EmaOrder order : {EmaOrder::before_update, EmaOrder::after_update}) {
          const AdamCase t{.beta1 = beta1, .epsilon = epsilon, .ema_order = order};
          const AdamState want = reference(state, g, t);
          expect_matches(call_of(state, g, t), {want.w, want.v, want.m, want.ema}, 1,
                         Floats::f64_f32);
        }
      }
    }
  }
}

KERNEL_TEST(adam, StepsByTheHandComputedAmounts) {
  // g = 1/2, v = 0.01 g^2 = 0.0025, eps = 0.1, t = 1, lr = 0.3:
  //   tensorflow  0.3 * sqrt(0.01) * 0.5 / (0.05 + 0.1) = 0.1
  //   pytorch     0.3 * 0.5 / (sqrt(0.0025 / 0.01) + 0.1) = 0.25
  for (const DType dtype : {DType::f64, DType::f32}) {
    for (const AdamEpsilon form : {AdamEpsilon::tensorflow, AdamEpsilon::pytorch}) {
      const auto got = run(dtype, [&](Bench& b) {
        b.backend().adam({.w = b.inout(Host(flat(1), 2.0)),
                          .v = b.inout(Host(flat(1), 0.0)),
                          .g = b.in(Host(flat(1), 0.5)),
                          .lr = b.in(Host({}, 0.3), DType::f64),
                          .t = b.in(Host({}, 1.0), DType::f64),
                          .stats = b.in(Host(flat(2), 1.0), DType::f64),
                          .beta2 = 0.99,
                          .eps = 0.1,
                          .epsilon = form});
      });
      const double tolerance = dtype == DType::f64 ? 1e-14 : 1e-6;
      EXPECT_NEAR(got[0].data[0], form == AdamEpsilon::tensorflow ? 1.9 : 1.75, tolerance);
      EXPECT_NEAR(got[1].data[0], 0.0025, tolerance);
    }
  }
}

KERNEL_TEST(adam, AbsentFirstMomentEqualsBeta1OfZero) {
  const AdamState state = random_state(777);
  const Host g = random_host(flat(777), 5);
  const AdamState want = reference(state, g, {});
  expect_matches(
      [&](Bench& b) {
        b.backend().adam({.w = b.inout(state.w),
                          .v = b.inout(state.v),
                          .g = b.in(g),
                          .lr = b.in(Host({}, kLr), DType::f64),
                          .t = b.in(Host({}, 3.0), DType::f64),
                          .stats = b.in(Host(flat(2), 1.0), DType::f64),
                          .beta2 = kBeta2,
                          .eps = kEps});
      },
      {want.w, want.v}, 1, Floats::f64_f32);
}

KERNEL_TEST(adam, SkipsANonFiniteStepButUpdatesTheEma) {
  const AdamState state = random_state(333);
  Host g = random_host(flat(333), 5);
  g.data[100] = std::nan("");
  for (const EmaOrder order : {EmaOrder::before_update, EmaOrder::after_update}) {
    const AdamCase t{.beta1 = 0.5, .finite = 0.0, .ema_order = order};
    const AdamState want = reference(state, g, t);
    const auto got = run(DType::f32, call_of(state, g, t));
    EXPECT_EQ(got[0].data, state.w.data);
    EXPECT_EQ(got[1].data, state.v.data);
    EXPECT_EQ(got[2].data, state.m.data);
    expect_close(got[3], want.ema, DType::f32);
  }
}

KERNEL_TEST(adam, HasTheSameBitsAtOddAddresses) {
  const AdamState state = random_state(3000);
  const Host g = random_host(flat(3000), 5);
  expect_same_at_odd_addresses(call_of(state, g, {.beta1 = 0.5}), Floats::f64_f32);
}

}  // namespace
}  // namespace pg::test
