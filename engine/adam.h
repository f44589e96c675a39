// adam.h: Adam over a ParameterStore, with the moving average of its weights.
#pragma once

#include "engine/grad_check.h"
#include "engine/parameters.h"

namespace pg {

struct AdamOptions {
  double beta1 = 0.0, beta2 = 0.99, eps = 1e-8;
  AdamEpsilon epsilon = AdamEpsilon::tensorflow;
};

struct EmaOptions {
  double decay = 0.999;
  EmaOrder order = EmaOrder::before_update;
};

// Holds the gradient buffer, both moments (the first only if beta1 > 0) and the step count, all in
// the layout of the store. A step whose gradient is not finite changes nothing but the average.
class Adam {
 public:
  // `average`, if given, is a store with the same specs that follows the weights.
  Adam(ParameterStore& parameters, const AdamOptions& options, ParameterStore* average = nullptr,
       const EmaOptions& average_options = {});

  // Views of the gradient buffer for ParameterStore::views(...) of a resolution.
  std::vector<Tensor> gradients(int64_t resolution) const;
  // Sets unused gradients to zero: to be called when the resolution changes.
  void clear_gradients();
  // Forgets moments and step count (numerics: at the borders of each fade).
  void reset();
  // For the steps that follow; brought to the device only where it changes.
  void set_learning_rate(double learning_rate);
  // One step over the parameters in use at `resolution`.
  void step(int64_t resolution);
  // Waits for the device.
  GradStats stats() const;

  // Waits for the device.
  FirstBad first_bad() const;
  void clear_first_bad();
  // Euclidean norm, over the parameters in use, of what the last step has added to the weights (for
  // a step that was left out: would have added). Computed from gradient and moments; waits for the
  // device.
  double update_norm(int64_t resolution) const;

  // [1, 1, 1, 2] on the device: 1 if the last gradient was finite, and its norm.
  const Tensor& stats_tensor() const { return stats_; }

  // State for checkpoints, by name: "v", "m" (if any), "t".
  std::vector<std::pair<std::string, Tensor>> state() const;

 private:
  ParameterStore& parameters_;
  ParameterStore* average_;
  AdamOptions options_;
  EmaOptions average_options_;
  double learning_rate_value_ = -1.0;
  Tensor g_, m_, v_, t_, stats_, first_bad_, learning_rate_;
};

}  // namespace pg
