// case_runs.cpp: calls a case through a stand-in for the backend, which lists or runs candidates.
#include "model/selftest/case_runs.h"

#include <algorithm>
#include <cmath>

#include "kernels/planning.h"

namespace pg::selftest {
namespace {

using cases::Case;
using cases::Operands;
using cases::Role;
using cases::Views;

// Passes the calls that have candidates to a function, without running them.
template <typename F>
class CallsOf : public PlanningBackend {
 public:
  CallsOf(Backend& backend, F f) : backend_(backend), f_(f) {}
  const char* name() const override { return backend_.name(); }
  std::string description() const override { return backend_.description(); }
  bool backs_on_touch() const override { return false; }
  // Without a version: two cases may have different filters of one version at one address.
  void conv2d(const Conv2dArgs& a) override {
    Conv2dArgs args = a;
    args.w.version = 0;
    f_(backend_.candidates(args));
  }
  void conv2d_input_grad(const Conv2dInputGradArgs& a) override {
    Conv2dInputGradArgs args = a;
    args.w.version = 0;
    f_(backend_.candidates(args));
  }
  void conv2d_weight_grad(const Conv2dWeightGradArgs& a) override { f_(backend_.candidates(a)); }
  void matmul(const MatmulArgs& a) override { f_(backend_.candidates(a)); }

 private:
  Backend& backend_;
  F f_;
};

void run_candidate(Backend& backend, const Case& c, Views views, size_t candidate) {
  CallsOf calls(backend, [&](const std::vector<Candidate>& list) { list.at(candidate).run(); });
  c.run(calls, views);
  backend.synchronize();
}

// Relative to the expected value plus the root mean square of all, as cases::error_of.
void compare(const std::vector<double>& got, const std::vector<double>& want, size_t operand,
             Deviation& worst) {
  double square = 0;
  for (const double w : want) square += w * w;
  const double rms = std::sqrt(square / static_cast<double>(std::max<size_t>(want.size(), 1)));
  for (size_t i = 0; i < want.size(); ++i) {
    const double error = std::abs(got[i] - want[i]);
    if (error == 0.0) continue;
    worst.include(error / (std::abs(want[i]) + rms), [&] {
      return message("result ", operand, ": expected ", want[i], ", got ", got[i]);
    });
  }
}

// `elements` of a view in equal pieces: the first, the last, and others between them.
std::vector<double> pieces(Backend& backend, const TensorView& view, int64_t elements) {
  constexpr int64_t kPieces = 16;
  const int64_t numel = view.shape.numel();
  if (numel <= elements) return cases::download(backend, view);
  const int64_t length = elements / kPieces;
  std::vector<double> all;
  for (int64_t i = 0; i < kPieces; ++i) {
    const int64_t first = (numel - length) / (kPieces - 1) * i;
    const std::vector<double> part = cases::download(
        backend, {static_cast<const std::byte*>(view.data) + first * size_of(view.dtype),
                  view.dtype,
                  {1, 1, 1, length}});
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

bool is_weight_gradient(const Case& c) { return c.name.ends_with("weight_grad"); }

}  // namespace

Case with_coarse_values(Case c) {
  for (cases::Operand& o : c.operands) {
    if (o.fill == cases::Fill::symmetric) o.fill = cases::Fill::coarse;
  }
  return c;
}

std::vector<Candidate> candidates_of(Backend& backend, const Case& c) {
  std::vector<Candidate> found;
  CallsOf calls(backend, [&](std::vector<Candidate> list) { found = std::move(list); });
  std::vector<TensorView> views;
  for (const cases::Operand& o : c.operands) views.push_back({nullptr, o.dtype, o.shape});
  c.run(calls, views);
  return found;
}

Deviation compare_with_host(Backend& backend, const Case& c, double tolerance,
                            std::optional<size_t> candidate) {
  const Operands operands(backend, c, 0);
  if (candidate) {
    run_candidate(backend, c, operands.copy(0), *candidate);
  } else {
    c.run(backend, operands.copy(0));
    backend.synchronize();
  }
  Deviation d{.tolerance = tolerance};
  d.include(cases::error_of(backend, c, operands.copy(0), operands.values()),
            [&] { return message(c.name, " (", c.shape, ")"); });
  return d;
}

Comparison::Comparison(Backend& tensor, Backend& exact, const Case& c, int64_t elements)
    : tensor_(tensor), case_(c), elements_(elements), got_(tensor, c, 0), want_(c.operands.size()) {
  const Operands operands(exact, c, 0);
  c.run(exact, operands.copy(0));
  exact.synchronize();
  for (size_t i = 0; i < want_.size(); ++i) {
    if (c.operands[i].role != Role::in) want_[i] = pieces(exact, operands.copy(0)[i], elements);
  }
}

Deviation Comparison::of(size_t candidate) {
  const Views views = got_.copy(0);
  for (size_t i = 0; i < want_.size(); ++i) {
    if (!want_[i].empty()) cases::poison(tensor_, views[i]);
  }
  run_candidate(tensor_, case_, views, candidate);
  constexpr double kF32 = 1e-5, kBf16 = 0x1.0p-6;
  bool bf16 = false;
  for (const cases::Operand& o : case_.operands) bf16 = bf16 || o.dtype == DType::bf16;
  bf16 = bf16 && !is_weight_gradient(case_);
  Deviation worst{.tolerance = bf16 ? kBf16 : kF32};
  for (size_t i = 0; i < want_.size(); ++i) {
    if (!want_[i].empty()) compare(pieces(tensor_, views[i], elements_), want_[i], i, worst);
  }
  return worst;
}

double work_of(const Case& c) {
  double work = c.flops / 2;
  for (const cases::Operand& o : c.operands) work += static_cast<double>(o.shape.numel());
  return work;
}

}  // namespace pg::selftest
