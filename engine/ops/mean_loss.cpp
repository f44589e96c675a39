// mean_loss.cpp: losses made of means: two kernels, and the composition of ops that they replace.
#include <algorithm>

#include "engine/ops/ops.h"

namespace pg::ops {
namespace {

MeanTerms checked(const Tensor& x, std::span<const MeanTerm> list) {
  PG_CHECK((x.shape() == Shape{x.shape().n, 1, 1, 1}), ShapeError,
           "mean_loss: expected one number for each sample, got ", x.shape());
  PG_CHECK(!list.empty() && list.size() <= MeanTerms::kMost, ShapeError,
           "mean_loss: expected 1 to ", MeanTerms::kMost, " terms, got ", list.size());
  MeanTerms terms{.term = {}, .count = static_cast<int>(list.size())};
  std::copy(list.begin(), list.end(), terms.term.begin());
  for (const MeanTerm& t : list) {
    PG_CHECK(t.first >= 0 && t.count >= 1 && t.first + t.count <= x.shape().n, ShapeError,
             "mean_loss: samples ", t.first, " to ", t.first + t.count - 1, " exceed ", x.shape());
  }
  return terms;
}

Tensor apply(MeanOf f, const Tensor& u) {
  switch (f) {
    case MeanOf::square:
      return square(u);
    case MeanOf::relu:
      return bias_lrelu(u, {}, 0.0);
    case MeanOf::softplus:
      return softplus(u);
    case MeanOf::value:
      break;
  }
  return u;
}

Tensor composition(const Tensor& x, const MeanTerms& terms) {
  Tensor loss;
  for (int k = 0; k < terms.count; ++k) {
    const MeanTerm& t = terms.term[static_cast<size_t>(k)];
    const Tensor part = slice_batch(x, t.first, t.count);
    const Tensor v = affine(t.root ? sqrt(part) : part, t.scale, 0.0);
    const Tensor term = affine(mean(apply(t.f, affine(v, t.sign, t.shift))), t.weight, 0.0);
    loss = loss ? add(loss, term) : term;
  }
  return loss;
}

}  // namespace

MeanLoss mean_loss(const Tensor& x, std::span<const MeanTerm> list) {
  const MeanTerms terms = checked(x, list);
  MeanLoss y{.loss = empty({}, x), .means = empty({1, 1, 1, terms.count}, x)};
  x.backend().mean_loss({.x = x.view(),
                         .loss = y.loss.mutable_view(),
                         .means = y.means.mutable_view(),
                         .terms = terms});
  y.loss = record_fused(
      "mean_loss", {x}, y.loss,
      [terms](const std::vector<Tensor>& in) { return composition(in[0], terms); },
      [x, terms](const Tensor& dy, const Need&) -> Grads {
        Tensor dx = empty_like(x);
        x.backend().mean_loss_vjp(
            {.x = x.view(), .dy = dy.view(), .dx = dx.mutable_view(), .terms = terms});
        return {dx};
      });
  return y;
}

}  // namespace pg::ops
