// guard.h: detects that training has diverged, and names the first cause.
//
// A check every guard.every iterations, counted from the start of the run, reads the statistics
// gathered on the device since the last one. A resumed run is checked at the same iterations as a
// run that was never stopped.
#pragma once

#include <string>
#include <vector>

#include "model/config/config.h"
#include "model/training/gan_health.h"
#include "model/training/iteration_stats.h"

namespace pg {

struct GuardFindings {
  std::vector<std::string> warnings;  // skipped updates: one sentence for each network
  std::string diverged;               // one sentence; empty: training has not diverged
};

// A run has diverged if
//   - a weight is not finite,
//   - more than guard.max_skipped of the last guard.every updates of a network had a gradient that
//     was not finite (each of them was skipped, as in the official code),
//   - the score gap |mean D(real) - mean D(fake)| or the mean gradient norm of the penalty exceeds
//     guard.max_score_gap or guard.max_gradient_norm, each times the penalty's target,
//   - the root mean square of a network's weights exceeds guard.max_weight, or its last update is
//     longer than guard.max_update times the norm of the weights.
class DivergenceGuard {
 public:
  explicit DivergenceGuard(const Config& config)
      : limits_(config.guard),
        n_critic_(config.schedule.n_critic),
        penalty_target_(config.loss.gp_target) {}

  bool due(int64_t iterations) const { return iterations % limits_.every == 0; }

  // `window`: sums of the last guard.every iterations; `iterations` is the number of the last one.
  // Waits for the device, and clears the bad gradients that the optimizers have noted.
  GuardFindings check(GanState& state, const StatsSums& window, int64_t iterations,
                      int64_t resolution) const;

 private:
  void find_skipped(GanState& state, const TrainingStats& s, int64_t iterations,
                    GuardFindings& found) const;
  void find_large(const GanState& state, const TrainingStats& s, int64_t resolution,
                  GuardFindings& found) const;

  GuardConfig limits_;
  int64_t n_critic_;
  double penalty_target_;
};

}  // namespace pg
