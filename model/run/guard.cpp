// guard.cpp: the limits of a healthy run, and the sentences about values beyond them.
#include "model/run/guard.h"

#include <algorithm>
#include <cmath>

namespace pg {
namespace {

// A limit of 0 means none.
bool exceeds(double value, double limit) { return limit > 0.0 && !(value <= limit); }

// The first mean over the window, in the order of computation, that is not finite.
std::string bad_input(const TrainingStats& s) {
  if (!std::isfinite(s.fake_score)) return ", after non-finite scores of fake images";
  if (!std::isfinite(s.real_score)) return ", after non-finite scores of real images";
  if (!std::isfinite(s.penalty)) return ", after a non-finite gradient penalty";
  return "";
}

}  // namespace

GuardFindings DivergenceGuard::check(GanState& state, const StatsSums& window, int64_t iterations,
                                     int64_t resolution) const {
  const TrainingStats s = stats_of(window);
  GuardFindings found;
  find_skipped(state, s, iterations, found);
  const std::string weight = first_bad_weight(state);
  if (!weight.empty()) {
    found.diverged = message("weight ", weight, " is not finite",
                             found.warnings.empty() ? "" : message("; ", found.warnings.front()));
  }
  if (found.diverged.empty()) find_large(state, s, resolution, found);
  return found;
}

void DivergenceGuard::find_skipped(GanState& state, const TrainingStats& s, int64_t iterations,
                                   GuardFindings& found) const {
  const FirstBadGradients first = take_first_bad_gradients(state);
  const auto add = [&](const BadGradient& bad, int64_t iteration, int64_t skipped,
                       const std::string& cause) {
    if (skipped == 0 || bad.name.empty()) return;
    found.warnings.push_back(message("the gradient of ", bad.name, " was not finite in iteration ",
                                     iteration, cause, "; ", skipped, " of the last ", s.iterations,
                                     " iterations skipped the update"));
    if (skipped > limits_.max_skipped && found.diverged.empty()) {
      found.diverged = found.warnings.back();
    }
  };
  const int64_t n = n_critic_;  // G is updated in every n-th iteration
  add(first.d, iterations - first.d.steps_ago, s.d_skipped, bad_input(s));
  add(first.g, (iterations / n - first.g.steps_ago) * n, s.g_skipped, "");
}

void DivergenceGuard::find_large(const GanState& state, const TrainingStats& s, int64_t resolution,
                                 GuardFindings& found) const {
  const double target = std::max(1.0, penalty_target_);
  const auto judge = [&](const std::string& quantity, double value, double limit, const char* key) {
    if (!exceeds(value, limit) || !found.diverged.empty()) return;
    found.diverged = message("the ", quantity, " is ", value, ", above the limit of ", limit,
                             " (guard.", key, ")");
  };
  // After skipped updates these means are not finite, which has been reported already.
  if (s.d_skipped == 0) {
    judge("mean gradient norm of the penalty", s.gradient_norm, limits_.max_gradient_norm * target,
          "max_gradient_norm");
    judge("gap between the mean scores of real and fake images",
          std::abs(s.real_score - s.fake_score), limits_.max_score_gap * target, "max_score_gap");
  }
  for (const auto& [network, n] : weight_norms(state, resolution)) {
    judge(message("root mean square of the weights of ", network), n.root_mean_square,
          limits_.max_weight, "max_weight");
    if (std::isfinite(n.update)) {
      judge(message("ratio of update norm to weight norm of ", network), n.update / n.norm,
            limits_.max_update, "max_update");
    }
  }
}

}  // namespace pg
