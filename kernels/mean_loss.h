// mean_loss.h: contracts of a loss made of means over samples, and of its gradient.
#pragma once

#include <array>

#include "kernels/tensor_view.h"

namespace pg {

// f(u) of a term: u, u^2, max(0, u), log(1 + e^u).
enum class MeanOf : uint8_t { value, square, relu, softplus };

// One term, over x[first .. first + count - 1]:
//
//   v = scale * x, or scale * sqrt(x) if `root`     u = sign * v + shift
//   term = weight * mean f(u)                       mean = mean v
struct MeanTerm {
  int64_t first = 0, count = 1;
  MeanOf f = MeanOf::value;
  bool root = false;
  double scale = 1.0, sign = 1.0, shift = 0.0, weight = 1.0;
};

struct MeanTerms {
  static constexpr int kMost = 4;
  std::array<MeanTerm, kMost> term{};
  int count = 0;  // 1 to kMost
};

// loss = sum of the terms, in their order. Numbers are rounded after each operation, means once, as
// if the loss were composed of elementwise kernels and sums. All tensors are f64, or f32.
struct MeanLossArgs {
  ConstTensorView x;  // [N, 1, 1, 1]
  TensorView loss;    // [1, 1, 1, 1]
  TensorView means;   // [1, 1, 1, terms.count]
  MeanTerms terms{};
};

// dx[i] = dy times the derivative of the loss, 0 where no term contains i:
//
//   sum over terms of dy * weight / count * f'(u) * sign * scale, times 1 / (2 sqrt(x)) if `root`
struct MeanLossVjpArgs {
  ConstTensorView x;   // [N, 1, 1, 1]
  ConstTensorView dy;  // [1, 1, 1, 1]
  TensorView dx;       // [N, 1, 1, 1]
  MeanTerms terms{};
};

}  // namespace pg
