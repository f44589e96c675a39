// guard.cpp: what counts as divergence, and the words for it.
#include "model/run/guard.h"

#include <algorithm>
#include <cmath>

namespace pg {
namespace {

// A limit of 0 is none.
bool exceeds(double value, double limit) { return limit > 0.0 && !(value <= limit); }

// Which of the means over the window is the first, in the order of computation, that went bad.
std::string bad_input(const TrainingStats& s) {
  if (!std::isfinite(s.fake_score)) return ", after scores of fake images that were not finite";
  if (!std::isfinite(s.real_score)) return ", after scores of real images that were not finite";
  if (!std::isfinite(s.penalty)) return ", after a gradient penalty that was not finite";
  return "";
}

}  // namespace

GuardFindings DivergenceGuard::look(Gan& gan, const StatsSums& window, int64_t iterations,
                                    int64_t resolution) const {
  const TrainingStats s = stats_of(window);
  GuardFindings found;
  find_skipped(gan, s, iterations, found);
  const std::string weight = gan.first_bad_weight();
  if (!weight.empty()) {
    found.diverged = message("the weight ", weight, " is not finite",
                             found.warnings.empty() ? "" : message("; ", found.warnings.front()));
  }
  if (found.diverged.empty()) find_large(gan, s, resolution, found);
  return found;
}

void DivergenceGuard::find_skipped(Gan& gan, const TrainingStats& s, int64_t iterations,
                                   GuardFindings& found) const {
  const Gan::FirstBadGradients first = gan.take_first_bad_gradients();
  const auto tell = [&](const Gan::BadGradient& bad, int64_t iteration, int64_t skipped,
                        const std::string& cause) {
    if (skipped == 0 || bad.name.empty()) return;
    found.warnings.push_back(message("the gradient of ", bad.name, " was not finite in iteration ",
                                     iteration, cause, ": ", skipped, " of the last ", s.iterations,
                                     " iterations left the step out"));
    if (skipped > config_.guard.max_skipped && found.diverged.empty()) {
      found.diverged = found.warnings.back();
    }
  };
  const int64_t n = config_.schedule.n_critic;  // G steps in every n-th iteration
  tell(first.d, iterations - first.d.steps_ago, s.d_skipped, bad_input(s));
  tell(first.g, (iterations / n - first.g.steps_ago) * n, s.g_skipped, "");
}

void DivergenceGuard::find_large(const Gan& gan, const TrainingStats& s, int64_t resolution,
                                 GuardFindings& found) const {
  const GuardConfig& limits = config_.guard;
  const double target = std::max(1.0, config_.loss.gp_target);
  const auto judge = [&](const std::string& what, double value, double limit, const char* key) {
    if (!exceeds(value, limit) || !found.diverged.empty()) return;
    found.diverged = message(what, " is ", value, ", more than ", limit, " (guard.", key, ")");
  };
  // Means over steps that were left out say nothing more than that they were.
  if (s.d_skipped == 0) {
    judge("the mean gradient norm of the penalty", s.gradient_norm,
          limits.max_gradient_norm * target, "max_gradient_norm");
    judge("the gap between the scores of real and fake images",
          std::abs(s.real_score - s.fake_score), limits.max_score_gap * target, "max_score_gap");
  }
  for (const auto& [network, n] : gan.weight_norms(resolution)) {
    judge(message("the root mean square of the weights of ", network), n.root_mean_square,
          limits.max_weight, "max_weight");
    if (std::isfinite(n.update)) {
      judge(message("the last step of ", network, " by the norm of its weights"), n.update / n.norm,
            limits.max_update, "max_update");
    }
  }
}

}  // namespace pg
