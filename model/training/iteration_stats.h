// iteration_stats.h: statistics of iterations, summed on the device and read as means.
#pragma once

#include <vector>

#include "engine/adam.h"
#include "model/networks/losses.h"
#include "model/training/iteration.h"

namespace pg {

// Means over iterations of means over minibatches.
struct TrainingStats {
  int64_t iterations = 0;
  int64_t d_skipped = 0, g_skipped = 0;   // updates skipped because a gradient was not finite
  double real_score = 0, fake_score = 0;  // of the critic; the difference estimates the distance
  double d_loss = 0, g_loss = 0;
  double penalty = 0, gradient_norm = 0;  // see DiscriminatorLoss
  double d_weight_gradient_norm = 0, g_weight_gradient_norm = 0;
};

// The sums that the means are computed from, as checkpoints hold them.
struct StatsSums {
  static constexpr size_t kCount = 10;

  int64_t iterations = 0, g_iterations = 0;
  std::vector<double> values;  // kCount, or empty for zeros

  StatsSums& operator+=(const StatsSums& other);
};
TrainingStats stats_of(const StatsSums& sums);

// Sums on the device, so that training does not wait for it.
class StatsAccumulator {
 public:
  explicit StatsAccumulator(Context& context);

  // Adds an iteration by one launch; `g` is null for Steps::critic_only. May be captured, in which
  // case count() is called for each replay.
  void add(const DiscriminatorLoss& d, const Adam& d_adam, const GeneratorLoss* g,
           const Adam& g_adam);
  void count(Steps steps);

  // Since the last reset. Both wait for the device.
  StatsSums sums() const;
  TrainingStats means() const { return stats_of(sums()); }

  void reset();
  void set(const StatsSums& sums);  // of a resumed run

 private:
  Tensor values_;
  int64_t iterations_ = 0, g_iterations_ = 0;
};

}  // namespace pg
