// grad_check.cpp: queues the check of a gradient, or waits for it.
#include "engine/grad_check.h"

namespace pg {

void check_gradient(const Tensor& g, const Tensor& stats, const Tensor& t,
                    const Tensor& first_bad) {
  g.backend().grad_check({.g = g.view(),
                          .stats = stats.mutable_view(),
                          .t = t ? t.mutable_view() : TensorView{},
                          .first_bad = first_bad.mutable_view()});
}

GradStats norm_of(const Tensor& x) {
  const Tensor stats(x.context(), {1, 1, 1, 2}, DType::f64);
  const Tensor first_bad(x.context(), {1, 1, 1, 3}, DType::f64);
  x.backend().fill({.y = first_bad.mutable_view(), .value = 0.0});
  check_gradient(x, stats, Tensor(), first_bad);
  const std::vector<double> values = to_host(stats);
  if (values[0] != 0.0) return {.finite = true, .norm = values[1]};
  return {
      .finite = false, .norm = values[1], .first_bad = static_cast<int64_t>(to_host(first_bad)[2])};
}

}  // namespace pg
