// guard.h: sees that training has gone wrong, and says what was the first to go.
//
// It looks every guard.every iterations, counted from the begin of the run, at what the device has
// gathered since: a resumed run sees what the run would have seen that never stopped.
#pragma once

#include <string>
#include <vector>

#include "model/training/gan.h"

namespace pg {

struct GuardFindings {
  std::vector<std::string> warnings;  // steps that were skipped: one sentence for each network
  std::string diverged;               // one sentence; empty: training goes well
};

// Diverged is a run
//   - with a weight that is not finite,
//   - more than guard.max_skipped of whose last guard.every steps had a gradient that was not
//     finite (each of them was left out, as in the official code),
//   - whose score gap |mean D(real) - mean D(fake)| or mean gradient norm of the penalty exceeds
//     guard.max_score_gap or guard.max_gradient_norm, each times the penalty's target,
//   - whose weights have a root mean square above guard.max_weight, or whose last step was longer
//     than guard.max_update times the norm of the weights.
class DivergenceGuard {
 public:
  explicit DivergenceGuard(const Config& config) : config_(config) {}

  bool due(int64_t iterations) const { return iterations % config_.guard.every == 0; }

  // `window`: sums of the last guard.every iterations, of which `iterations` is the last. Waits for
  // the device, and clears what the optimizers have noted.
  GuardFindings look(Gan& gan, const StatsSums& window, int64_t iterations,
                     int64_t resolution) const;

 private:
  void find_skipped(Gan& gan, const TrainingStats& s, int64_t iterations,
                    GuardFindings& found) const;
  void find_large(const Gan& gan, const TrainingStats& s, int64_t resolution,
                  GuardFindings& found) const;

  Config config_;
};

}  // namespace pg
