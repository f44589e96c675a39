// mean_loss.cpp: losses made of means, with the roundings of the kernels they are composed of.
#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/direct/unary.h"
#include "kernels/cpu/parallel.h"

namespace pg::cpu {
namespace {

template <typename T>
struct Term {
  explicit Term(const MeanTerm& t)
      : scale(static_cast<T>(t.scale)),
        sign(static_cast<T>(t.sign)),
        shift(static_cast<T>(t.shift)),
        weight(static_cast<T>(t.weight)),
        f(t.f),
        root(t.root) {}
  T scale, sign, shift, weight;
  MeanOf f;
  bool root;

  T v(T x) const { return scale * (root ? std::sqrt(x) : x); }
  T u(T x) const { return sign * v(x) + shift; }

  T value(T x) const {
    const T at = u(x);
    switch (f) {
      case MeanOf::value:
        return at;
      case MeanOf::square:
        return at * at;
      case MeanOf::relu:
        return at > T{0} ? at : T{0} * at;
      case MeanOf::softplus:
        return softplus(at);
    }
    return at;
  }

  // d: of the mean of f.
  T gradient(T x, T d) const {
    const T at = u(x);
    T g = d;
    if (f == MeanOf::square) g = d * (T{2} * at);
    if (f == MeanOf::relu) g = at > T{0} ? d : T{0} * d;
    if (f == MeanOf::softplus) g = d * sigmoid(at);
    g = scale * (sign * g);
    return root ? g * (T{0.5} * (T{1} / std::sqrt(x))) : g;
  }
};

template <typename T, typename F>
T mean_of(const MeanTerm& t, F f) {
  const double sum =
      lane_sum<double>(t.count, [&](int64_t i) { return static_cast<double>(f(t.first + i)); });
  return static_cast<T>(1.0 / static_cast<double>(t.count) * sum);
}

template <typename T>
void compute_loss(const MeanLossArgs& args) {
  const T* const x = args.x.as<T>();
  T* const means = args.means.as<T>();
  T loss = 0;
  for (int k = 0; k < args.terms.count; ++k) {
    const MeanTerm& t = args.terms.term[static_cast<size_t>(k)];
    const Term<T> term(t);
    means[k] = mean_of<T>(t, [&](int64_t i) { return term.v(x[i]); });
    const T part = term.weight * mean_of<T>(t, [&](int64_t i) { return term.value(x[i]); });
    loss = k == 0 ? part : loss + part;
  }
  *args.loss.as<T>() = loss;
}

template <typename T>
void compute_gradient(const MeanLossVjpArgs& args) {
  const T* const x = args.x.as<T>();
  T* const dx = args.dx.as<T>();
  const T dy = *args.dy.as<T>();
  for (int64_t i = 0; i < args.dx.shape.n; ++i) dx[i] = 0;
  for (int k = args.terms.count - 1; k >= 0; --k) {
    const MeanTerm& t = args.terms.term[static_cast<size_t>(k)];
    const Term<T> term(t);
    const T d = static_cast<T>(1.0 / static_cast<double>(t.count)) * (term.weight * dy);
    for (int64_t i = t.first; i < t.first + t.count; ++i) dx[i] += term.gradient(x[i], d);
  }
}

}  // namespace

void CpuBackend::mean_loss(const MeanLossArgs& args) {
  PG_ASSERT(args.terms.count >= 1 && args.terms.count <= MeanTerms::kMost);
  PG_ASSERT(args.means.shape.c == args.terms.count);
  dispatch_float(args.x.dtype, [&](auto tag) { compute_loss<typename decltype(tag)::type>(args); });
}

void CpuBackend::mean_loss_vjp(const MeanLossVjpArgs& args) {
  PG_ASSERT(args.terms.count >= 1 && args.terms.count <= MeanTerms::kMost);
  PG_ASSERT(args.dx.shape == args.x.shape);
  dispatch_float(args.x.dtype,
                 [&](auto tag) { compute_gradient<typename decltype(tag)::type>(args); });
}

}  // namespace pg::cpu
