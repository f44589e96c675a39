// checks.cpp: finite differences and comparisons.
#include "engine/gradcheck/checks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/philox.h"

namespace pg::gradcheck {
namespace {

using Values = std::vector<double>;

Values random_values(int64_t count, uint64_t seed, uint64_t stream, double low, double high) {
  Values v(static_cast<size_t>(count));
  for (size_t i = 0; i < v.size(); ++i) {
    const PhiloxBlock block = philox(seed, stream, i);
    v[i] = low + (high - low) * static_cast<double>(philox_unit(block.word[0]));
  }
  return v;
}

Tensor tensor_of(Context& context, const Shape& shape, DType dtype, const Values& v) {
  Tensor x(context, shape, dtype);
  from_host(x, v);
  return x;
}

double largest(const Values& v) {
  double m = 0;
  for (const double x : v) m = std::max(m, std::isfinite(x) ? std::abs(x) : INFINITY);
  return m;
}

double dot(const Values& a, const Values& b) {
  double s = 0;
  for (size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
  return s;
}

// Relative to the largest of the expected values.
Deviation difference(const std::string& what, const Values& got, const Values& expected,
                     double tolerance) {
  const double scale = std::max(largest(expected), 1e-30);
  Deviation worst{.tolerance = tolerance};
  for (size_t i = 0; i < got.size(); ++i) {
    worst.include(std::abs(got[i] - expected[i]) / scale, [&] {
      return message(what, "[", i, "]: expected ", expected[i], ", got ", got[i]);
    });
  }
  return worst;
}

// y and the gradients of <p, y> with respect to all inputs; p fixed by the seed.
struct Evaluation {
  Values y;
  std::vector<Values> grads;
};
Evaluation evaluate(const OpCase& c, Context& context, DType dtype,
                    const std::vector<Tensor>& inputs, GradMode mode) {
  Tape tape(context);
  std::vector<Tensor> leaves;
  for (const Tensor& x : inputs) leaves.push_back(tape.watch(x));
  const Tensor y = c.run(leaves);
  const Tensor p = tensor_of(context, y.shape(), dtype, random_values(y.numel(), 7, 1, -1, 1));
  Evaluation e{.y = to_host(y), .grads = {}};
  for (const Tensor& g : tape.grad(y, leaves, p, mode)) e.grads.push_back(to_host(g));
  return e;
}

// Gradients of sum over inputs of <q_i, d<p, y>/dx_i>.
struct SecondEvaluation {
  double value;
  std::vector<Values> grads;
};
SecondEvaluation evaluate_second(const OpCase& c, Context& context,
                                 const std::vector<Tensor>& inputs, bool differentiate) {
  Tape tape(context);
  std::vector<Tensor> leaves;
  for (const Tensor& x : inputs) leaves.push_back(tape.watch(x));
  const Tensor y = c.run(leaves);
  const Tensor p = tensor_of(context, y.shape(), DType::f64, random_values(y.numel(), 7, 1, -1, 1));
  const std::vector<Tensor> grads = tape.grad(y, leaves, tape.watch(p), GradMode::record);
  Tensor total;
  for (size_t i = 0; i < grads.size(); ++i) {
    const Tensor q = tensor_of(context, grads[i].shape(), DType::f64,
                               random_values(grads[i].numel(), 8, i, -1, 1));
    const Tensor term = ops::sum_to(ops::mul(grads[i], q), {});
    total = total ? ops::add(total, term) : term;
  }
  SecondEvaluation e{.value = to_host(total)[0], .grads = {}};
  if (!differentiate) return e;
  for (const Tensor& g : tape.grad(total, leaves, {}, GradMode::release)) {
    e.grads.push_back(to_host(g));
  }
  return e;
}

// Compares <grad_i, d> with the central difference of `value` along d, for random directions and
// single coordinates d of each input i.
template <typename ValueAt>
Deviation check_directions(const OpCase& c, Context& context, const std::vector<Values>& grads,
                           const ValueAt& value) {
  constexpr double kStep = 1e-5;
  constexpr double kTolerance = 2e-7;  // truncation kStep^2 and rounding 1e-16 / kStep, with room
  const std::vector<Tensor> inputs = make_inputs(context, c, DType::f64);
  Deviation worst{.tolerance = kTolerance};
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Values x = to_host(inputs[i]);
    for (uint64_t trial = 0; trial < 6; ++trial) {
      Values d = random_values(inputs[i].numel(), 9, 10 * i + trial, -1, 1);
      if (trial >= 2) {
        const size_t at =
            static_cast<size_t>(std::abs(d[0]) * 0.999 * static_cast<double>(x.size()));
        std::fill(d.begin(), d.end(), 0.0);
        d[at] = 1.0;
      }
      const auto shifted = [&](double step) {
        std::vector<Tensor> moved = inputs;
        Values v = x;
        for (size_t k = 0; k < v.size(); ++k) v[k] += step * d[k];
        moved[i] = tensor_of(context, inputs[i].shape(), DType::f64, v);
        return value(moved);
      };
      const double numeric = (shifted(kStep) - shifted(-kStep)) / (2 * kStep);
      const double exact = dot(grads[i], d);
      const double scale = std::max({1.0, std::abs(numeric), largest(grads[i])});
      worst.include(std::abs(numeric - exact) / scale, [&] {
        return message("gradient of input ", i, ", direction ", trial, ": expected ", numeric,
                       " from finite differences, got ", exact);
      });
    }
  }
  return worst;
}

Deviation check_first_order(const OpCase& c, Context& context, GradMode mode) {
  const std::vector<Tensor> inputs = make_inputs(context, c, DType::f64);
  const Evaluation e = evaluate(c, context, DType::f64, inputs, mode);
  return check_directions(c, context, e.grads, [&](const std::vector<Tensor>& moved) {
    const Values y = to_host(c.run(moved));
    return dot(y, random_values(static_cast<int64_t>(y.size()), 7, 1, -1, 1));
  });
}

}  // namespace

std::vector<Tensor> make_inputs(Context& context, const OpCase& c, DType dtype, uint64_t seed) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    inputs.push_back(tensor_of(context, c.inputs[i], dtype,
                               random_values(c.inputs[i].numel(), seed, 100 + i, c.low, c.high)));
  }
  return inputs;
}

Deviation compare_f32(const OpCase& c, Context& device, Context& oracle, double slack) {
  const Evaluation got =
      evaluate(c, device, DType::f32, make_inputs(device, c, DType::f32), GradMode::keep);
  const Evaluation expected =
      evaluate(c, oracle, DType::f64, make_inputs(oracle, c, DType::f64), GradMode::keep);
  const double relative =
      slack * 8.0 * std::numeric_limits<float>::epsilon() * std::sqrt(c.reduction);
  Deviation worst = difference("y", got.y, expected.y, relative);
  for (size_t i = 0; i < got.grads.size(); ++i) {
    // A gradient sums over outputs too.
    const double terms =
        static_cast<double>(got.y.size()) / static_cast<double>(got.grads[i].size());
    worst = worse(worst, difference(message("grad", i), got.grads[i], expected.grads[i],
                                    relative * std::sqrt(std::max(4.0, terms))));
  }
  return worst;
}

Deviation check_gradient(const OpCase& c, Context& context) {
  return check_first_order(c, context, GradMode::release);
}

Deviation check_second_gradient(const OpCase& c, Context& context) {
  // The second-order check does not notice a wrong recorded gradient.
  Deviation recorded = check_first_order(c, context, GradMode::record);
  recorded.where = "recorded " + recorded.where;
  const std::vector<Tensor> inputs = make_inputs(context, c, DType::f64);
  const SecondEvaluation e = evaluate_second(c, context, inputs, true);
  return worse(recorded, check_directions(c, context, e.grads, [&](const auto& moved) {
                 return evaluate_second(c, context, moved, false).value;
               }));
}

Deviation compare_recorded_backward(const OpCase& c, Context& context) {
  const std::vector<Tensor> inputs = make_inputs(context, c, DType::f64);
  const Evaluation fused = evaluate(c, context, DType::f64, inputs, GradMode::keep);
  const Evaluation recorded = evaluate(c, context, DType::f64, inputs, GradMode::record);
  Deviation worst{.tolerance = 1e-13};
  for (size_t i = 0; i < fused.grads.size(); ++i) {
    worst = worse(worst, difference(message("grad", i), fused.grads[i], recorded.grads[i], 1e-13));
  }
  return worst;
}

}  // namespace pg::gradcheck
