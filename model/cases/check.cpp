// check.cpp: compares sampled elements with sums on the host, or the first and the last samples
// with the CPU's direct loops in f64.
#include "model/cases/check.h"

#include <cmath>
#include <limits>

namespace pg::cases {
namespace {

// The largest |got - want| / (|want| + root mean square of want); NaN if any is NaN.
double difference(const std::vector<double>& got, const std::vector<double>& want) {
  double square = 0, worst = 0;
  for (const double w : want) square += w * w;
  const double rms = std::sqrt(square / static_cast<double>(want.size()));
  for (size_t i = 0; i < want.size(); ++i) {
    const double error = std::abs(got[i] - want[i]);
    const double relative = error == 0 ? 0 : error / (std::abs(want[i]) + rms);
    if (!std::isnan(worst) && !(relative <= worst)) worst = relative;
  }
  return worst;
}

double worse(double a, double b) { return a >= b || std::isnan(a) ? a : b; }

// `count` elements from `first` on.
ConstTensorView part(const TensorView& x, int64_t first, int64_t count) {
  return {
      static_cast<const std::byte*>(x.data) + first * size_of(x.dtype), x.dtype, {1, 1, 1, count}};
}

// One transfer per run of adjacent elements, such as the channels of a pixel.
double sampled_error(Backend& backend, const Sampled& s, const TensorView& output) {
  std::vector<double> got;
  for (size_t i = 0; i < s.index.size(); i = got.size()) {
    size_t end = i + 1;
    while (end < s.index.size() && s.index[end] == s.index[end - 1] + 1) ++end;
    const std::vector<double> run =
        download(backend, part(output, s.index[i], static_cast<int64_t>(end - i)));
    got.insert(got.end(), run.begin(), run.end());
  }
  return difference(got, s.want);
}

// Error of samples [first, first + c.slice) relative to the CPU.
double slice_error(Backend& backend, const Case& c, Views views, const std::vector<Values>& values,
                   int64_t first) {
  const std::unique_ptr<Backend> oracle = make_cpu_backend(0, CpuPath::direct);
  const Case small = c.make(c.slice, DType::f64);
  const Operands operands(*oracle, small, 0);
  const auto begin = [&](size_t i) {
    return c.operands[i].extent == Extent::samples ? c.operands[i].shape.numel() / c.n * first : 0;
  };
  for (size_t i = 0; i < values.size(); ++i) {
    if (small.operands[i].role != Role::out) {
      values[i].fill(*oracle, operands.copy(0)[i], begin(i));
    }
  }
  small.run(*oracle, operands.copy(0));
  double error = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (small.operands[i].role == Role::in) continue;
    const TensorView& want_view = operands.copy(0)[i];
    const std::vector<double> want = download(*oracle, want_view);
    const std::vector<double> got =
        download(backend, part(views[i], begin(i), want_view.shape.numel()));
    error = worse(difference(got, want), error);
  }
  return error;
}

}  // namespace

double error_of(Backend& backend, const Case& c, Views views, const std::vector<Values>& values) {
  double error = 0;
  if (c.samples) {
    for (const Sampled& s : c.samples(values)) {
      error = worse(sampled_error(backend, s, views[s.operand]), error);
    }
    return error;
  }
  error = slice_error(backend, c, views, values, 0);
  return c.slice == c.n ? error
                        : worse(slice_error(backend, c, views, values, c.n - c.slice), error);
}

double tolerance_of(const Case& c, Precision precision) {
  if (precision == Precision::bf16) return 2e-2;
  if (precision == Precision::tf32 && c.multiplies_matrices()) return 5e-3;
  return 2e-4;
}

}  // namespace pg::cases
