// conv_test.cpp: convolution and its gradients compared with plain loops.
#include <string>

#include "tests/kernels/conv_reference.h"
#include "tests/kernels/kernel_device.h"

namespace pg::test {
namespace {

// Odd sizes and tails of every blocking: more than 64 columns, 32 and 4 outputs, 16 and 64
// channels.
const ConvCase kCases[] = {
    {"3x3", {2, 5, 7, 5}, {33, 3, 3, 5}, {.scale = 0.7}},
    {"wide", {1, 3, 70, 3}, {18, 3, 3, 3}, {.scale = 1.3}},
    {"many channels", {2, 4, 3, 70}, {35, 3, 3, 70}, {}},
    {"1x1 to RGB", {3, 6, 5, 17}, {3, 1, 1, 17}, {.pad = 0, .scale = 0.25}},
    {"1x1 from RGB", {3, 6, 5, 3}, {9, 1, 1, 3}, {.pad = 0}},
    {"1x1 wide to RGB", {2, 5, 3, 48}, {3, 1, 1, 48}, {.pad = 0}},
    {"1x1 from RGB to wide", {2, 5, 3, 3}, {48, 1, 1, 3}, {.pad = 0}},
    {"1x1 in gray", {1, 3, 5, 1}, {1, 1, 1, 1}, {.pad = 0}},
    {"1x1", {2, 3, 5, 10}, {12, 1, 1, 10}, {.pad = 0}},
    {"1x1 to RGB, aligned", {2, 9, 8, 16}, {3, 1, 1, 16}, {.pad = 0, .scale = 0.25}},
    {"1x1 to RGB, in chunks", {1, 70, 60, 32}, {3, 1, 1, 32}, {.pad = 0}},
    {"1x1 to RGB, a warp to a pixel", {1, 5, 7, 128}, {3, 1, 1, 128}, {.pad = 0}},
    {"1x1 from RGB, aligned", {2, 9, 8, 3}, {24, 1, 1, 3}, {.pad = 0}},
    {"1x1 from gray", {1, 23, 25, 1}, {16, 1, 1, 1}, {.pad = 0}},
    {"4x4 valid", {3, 4, 4, 6}, {7, 4, 4, 6}, {.pad = 0}},
    {"4x4 full", {2, 1, 1, 6}, {5, 4, 4, 6}, {.pad = 3}},
    {"2x3 filter", {1, 5, 6, 2}, {3, 2, 3, 2}, {.pad = 1}},
    {"1x1 image", {2, 1, 1, 3}, {4, 3, 3, 3}, {}},
    {"up", {2, 3, 5, 5}, {6, 3, 3, 5}, {.mode = ConvMode::up, .scale = 0.6}},
    {"up wide", {1, 2, 35, 3}, {17, 3, 3, 3}, {.mode = ConvMode::up}},
    {"down", {2, 6, 10, 5}, {6, 3, 3, 5}, {.mode = ConvMode::down, .scale = 0.6}},
    {"down to 1x1", {3, 2, 2, 4}, {5, 3, 3, 4}, {.mode = ConvMode::down}},
};

// The gradient of a norm amplifies earlier rounding errors by r, at most 2, and by its own mean.
constexpr int kNormRoundings = 4;

Host sum_of(Host a, const Host& b) {
  for (size_t i = 0; i < a.data.size(); ++i) a.data[i] += b.data[i];
  return a;
}

KERNEL_TEST(conv2d, MatchesReference) {
  for (const ConvCase& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host x = random_host(t.x, 1), w = random_filter(t.w, 2);
    const Host y = conv_reference(t, x, w);
    expect_matches(
        [&](Bench& b) {
          b.backend().conv2d(
              {.x = b.in(x), .w = b.in(w, b.acc()), .y = b.out(y.shape), .geometry = t.geometry});
        },
        {y}, reduction(t));
  }
}

KERNEL_TEST(conv2d, AddsBiasAndLeakyRelu) {
  for (const ConvCase& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host x = random_host(t.x, 1), w = random_filter(t.w, 2);
    const Host bias = random_host({1, 1, 1, t.w.n}, 3);
    for (const double slope : {0.2, 1.0}) {
      const Host y = lrelu_reference(conv_reference(t, x, w), bias, slope);
      expect_matches(
          [&](Bench& b) {
            b.backend().conv2d({.x = b.in(x),
                                .w = b.in(w, b.acc()),
                                .b = b.in(bias, b.acc()),
                                .y = b.out(y.shape),
                                .geometry = t.geometry,
                                .slope = slope});
          },
          {y}, reduction(t));
    }
  }
}

KERNEL_TEST(conv2d, NormalisesPixelsAfterTheActivation) {
  for (const ConvCase& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host x = random_host(t.x, 1), w = random_filter(t.w, 2);
    const Host bias = random_host({1, 1, 1, t.w.n}, 3);
    const double eps = 0.01;
    const std::vector<Host> want =
        norm_reference(lrelu_reference(conv_reference(t, x, w), bias, 0.2), eps);
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
      if (dtype == DType::bf16 && !device_supports_bf16()) continue;
      const std::vector<Host> got = run(dtype, [&](Bench& b) {
        b.backend().conv2d({.x = b.in(x),
                            .w = b.in(w, b.acc()),
                            .b = b.in(bias, b.acc()),
                            .y = b.out(want[0].shape),
                            .geometry = t.geometry,
                            .slope = 0.2,
                            .r = b.out(want[1].shape, b.acc()),
                            .norm_eps = eps});
      });
      expect_normalised(got, want, dtype, reduction(t));
    }
  }
}

KERNEL_TEST(conv2d, GatesItsResult) {
  for (const ConvCase& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host x = random_host(t.x, 1), w = random_filter(t.w, 2);
    const Host gate = random_host(result_shape(t), 3);
    const Host y = gate_reference(conv_reference(t, x, w), gate, 0.2);
    expect_matches(
        [&](Bench& b) {
          b.backend().conv2d({.x = b.in(x),
                              .w = b.in(w, b.acc()),
                              .y = b.out(y.shape),
                              .geometry = t.geometry,
                              .gate = b.in(gate),
                              .gate_slope = 0.2});
        },
        {y}, reduction(t));
  }
}

KERNEL_TEST(conv2d_input_grad, MatchesReference) {
  for (const ConvCase& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host dy = random_host(result_shape(t), 1), w = random_filter(t.w, 2);
    const Host dx = input_grad_reference(t, dy, w);
    expect_matches(
        [&](Bench& b) {
          b.backend().conv2d_input_grad(
              {.dy = b.in(dy), .w = b.in(w, b.acc()), .dx = b.out(t.x), .geometry = t.geometry});
        },
        {dx}, grad_reduction(t));
  }
}

KERNEL_TEST(conv2d_input_grad, GatesItsResult) {
  for (const ConvCase& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host dy = random_host(result_shape(t), 1), w = random_filter(t.w, 2);
    const Host gate = random_host(t.x, 3);
    const Host dx = gate_reference(input_grad_reference(t, dy, w), gate, 0.2);
    expect_matches(
        [&](Bench& b) {
          b.backend().conv2d_input_grad({.dy = b.in(dy),
                                         .w = b.in(w, b.acc()),
                                         .dx = b.out(t.x),
                                         .geometry = t.geometry,
                                         .gate = b.in(gate),
                                         .gate_slope = 0.2});
        },
        {dx}, grad_reduction(t));
  }
}

KERNEL_TEST(conv2d_input_grad, PassesThroughANormThenTheGate) {
  for (const ConvCase& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host dy = random_host(result_shape(t), 1), w = random_filter(t.w, 2);
    const Host gate = random_host(t.x, 3), r = random_norms(t.x, 4);
    const Host dx = norm_grad_reference(input_grad_reference(t, dy, w), gate, r, 0.2);
    const auto call = [&](Bench& b) {
      b.backend().conv2d_input_grad({.dy = b.in(dy),
                                     .w = b.in(w, b.acc()),
                                     .dx = b.out(t.x),
                                     .geometry = t.geometry,
                                     .gate = b.in(gate),
                                     .gate_slope = 0.2,
                                     .r = b.in(r, b.acc())});
    };
    expect_matches(call, {dx}, grad_reduction(t) + t.x.c, Floats::all, kNormRoundings);
    for (const DType dtype : {DType::f32, DType::bf16}) {
      if (dtype == DType::bf16 && !device_supports_bf16()) continue;
      expect_close(run(dtype, call, Placement::odd)[0], dx, dtype, grad_reduction(t) + t.x.c,
                   kNormRoundings);
    }
  }
}

KERNEL_TEST(conv2d_weight_grad, MatchesReference) {
  for (const ConvCase& t : kCases) {
    SCOPED_TRACE(t.name);
    const Host dy = random_host(result_shape(t), 1), x = random_host(t.x, 2);
    const Host before = random_host(t.w, 3), db_before = random_host({1, 1, 1, t.w.n}, 4);
    Host dw(t.w), db(db_before.shape);
    for_each_product(t,
                     [&](auto n, auto p, auto q, auto k, auto r, auto s, auto c, auto h, auto v) {
                       dw(k, r, s, c) += factor(t) * dy(n, p, q, k) * x(n, h, v, c);
                     });
    for_each(dy.shape, [&](auto n, auto p, auto q, auto k) { db(0, 0, 0, k) += dy(n, p, q, k); });
    const Host dw_sum = sum_of(before, dw), db_sum = sum_of(db_before, db);
    // The longest sum is over 4 times the pixels of dy: each term of a down reads 4 pixels of x.
    const int64_t length = 4 * dy.shape.pixels();
    const auto expect = [&](const std::vector<Host>& want, auto call) {
      expect_matches([&](Bench& b) { call(b); }, want, length);
    };
    expect({dw, db_sum}, [&](Bench& b) {
      b.backend().conv2d_weight_grad({.dy = b.in(dy),
                                      .x = b.in(x),
                                      .dw = b.out(t.w, b.acc()),
                                      .geometry = t.geometry,
                                      .db = b.inout(db_before, b.acc()),
                                      .db_accumulate = Accumulate::add});
    });
    expect({dw_sum, db}, [&](Bench& b) {
      b.backend().conv2d_weight_grad({.dy = b.in(dy),
                                      .x = b.in(x),
                                      .dw = b.inout(before, b.acc()),
                                      .geometry = t.geometry,
                                      .accumulate = Accumulate::add,
                                      .db = b.out(db.shape, b.acc())});
    });
    if (&t != &kCases[0]) continue;  // one case without a bias suffices
    expect({dw}, [&](Bench& b) {
      b.backend().conv2d_weight_grad(
          {.dy = b.in(dy), .x = b.in(x), .dw = b.out(t.w, b.acc()), .geometry = t.geometry});
    });
  }
}

TEST(Conv2d, RejectsShapesThatDoNotFit) {
  const auto call = [](Bench& b) {
    b.backend().conv2d(
        {.x = b.in(Host({1, 4, 4, 2})), .w = b.in(Host({3, 3, 3, 2})), .y = b.out({1, 5, 4, 3})});
  };
  EXPECT_THROW(run(DType::f32, call), Error);
}

}  // namespace
}  // namespace pg::test
