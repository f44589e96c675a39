// stddev.cpp: minibatch standard deviation: kernels for its first two derivatives, and
// the compositions of ops that replace them while a backward pass is recorded.
#include <vector>

#include "engine/ops/ops.h"

namespace pg::ops {
namespace {

void check_groups(const Shape& s, const MinibatchStddevGeometry& g) {
  PG_CHECK(
      g.batches >= 1 && s.n % g.batches == 0 && g.group >= 1 && (s.n / g.batches) % g.group == 0,
      ShapeError, "minibatch_stddev: ", s.n, " samples cannot be divided into ", g.batches,
      " minibatches with groups of ", g.group);
}

int64_t group_of(int64_t sample, int64_t samples, const MinibatchStddevGeometry& g) {
  const int64_t batch = samples / g.batches, groups = batch / g.group;
  const int64_t i = sample % batch;
  return sample / batch * groups + (g.order == GroupOrder::strided ? i % groups : i / g.group);
}

// [N, N] matrix with `value` where two samples share a group: sums over groups as a matrix product.
Tensor group_matrix(const Tensor& like, double value, const MinibatchStddevGeometry& g) {
  const int64_t n = like.shape().n;
  std::vector<double> m(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      if (group_of(i, n, g) == group_of(j, n, g)) m[static_cast<size_t>(i * n + j)] = value;
    }
  }
  Tensor t = empty({n, 1, 1, n}, like);
  from_host(t, m);
  return t;
}

// Parts of the compositions, with samples as rows: x - mean and sqrt(variance + eps).
struct GroupStatistics {
  Tensor centred, stddev;  // [N, 1, 1, H W C]
  double divisor;          // group, or group - 1
};

GroupStatistics group_statistics(const Tensor& x, const MinibatchStddevGeometry& g) {
  const Shape rows{x.shape().n, 1, 1, x.numel() / x.shape().n};
  const auto group = static_cast<double>(g.group);
  const double divisor = g.variance == Variance::biased ? group : group - 1;
  const Tensor flat = reshape(x, rows);
  const Tensor centred = sub(flat, matmul(group_matrix(x, 1.0 / group, g), flat));
  const Tensor variance =
      matmul(group_matrix(x, divisor > 0 ? 1.0 / divisor : 0.0, g), square(centred));
  return {centred, sqrt(affine(variance, 1.0, g.eps)), divisor};
}

Tensor minibatch_stddev_vjp_composition(const Tensor& x, const Tensor& dy,
                                        const MinibatchStddevGeometry& g) {
  const GroupStatistics s = group_statistics(x, g);
  const auto positions = static_cast<double>(s.stddev.shape().c);
  const double scale = s.divisor > 0 ? 1.0 / (positions * s.divisor) : 0.0;
  const Tensor weight = matmul(group_matrix(x, scale, g), dy);
  return reshape(mul(div(s.centred, s.stddev), weight), x.shape());
}

// Gradient of <dy, minibatch_stddev(x)> with respect to x: an op, because the gradient penalty
// differentiates it, with a kernel for that derivative too.
Tensor minibatch_stddev_vjp(const Tensor& x, const Tensor& dy, const MinibatchStddevGeometry& g) {
  Tensor dx = empty_like(x);
  x.backend().minibatch_stddev_vjp(
      {.x = x.view(), .dy = dy.view(), .dx = dx.mutable_view(), .geometry = g});
  return record_fused(
      "minibatch_stddev_vjp", {x, dy}, dx,
      [g](const std::vector<Tensor>& in) {
        return minibatch_stddev_vjp_composition(in[0], in[1], g);
      },
      [x, dy, g](const Tensor& u, const Need& need) -> Grads {
        const Tensor ddy = need[1] ? empty_like(dy) : Tensor();
        const Tensor ddx = need[0] ? empty_like(x) : Tensor();
        x.backend().minibatch_stddev_vjp2({.x = x.view(),
                                           .dy = dy.view(),
                                           .u = u.view(),
                                           .ddy = ddy ? ddy.mutable_view() : TensorView{},
                                           .dx = ddx ? ddx.mutable_view() : TensorView{},
                                           .geometry = g});
        return {ddx, ddy};
      });
}

}  // namespace

Tensor minibatch_stddev(const Tensor& x, const MinibatchStddevGeometry& g) {
  check_groups(x.shape(), g);
  Tensor y(x.context(), {x.shape().n, 1, 1, 1}, acc_of(x.dtype()));
  x.backend().minibatch_stddev({.x = x.view(), .y = y.mutable_view(), .geometry = g});
  return record("minibatch_stddev", {x}, y, [x, g](const Tensor& dy, const Need&) -> Grads {
    return {minibatch_stddev_vjp(x, dy, g)};
  });
}

}  // namespace pg::ops
