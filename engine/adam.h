// adam.h: Adam over a ParameterStore, with the exponential moving average (EMA) of its weights.
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

// Holds the gradient buffer and both moments (the first only if beta1 > 0), in the layout of the
// store, and the step count. A step whose gradient is not finite is skipped; only the EMA moves.
// Formulas and sources: kernels/adam.h.
class Adam {
 public:
  // `ema`, if given, is a store with the same specs, which receives the EMA.
  Adam(ParameterStore& parameters, const AdamOptions& options, ParameterStore* ema = nullptr,
       const EmaOptions& ema_options = {});

  // Views of the gradient buffer, as ParameterStore::views of a resolution.
  std::vector<Tensor> gradients(int64_t resolution) const;
  // Sets all gradients to zero. Call when other layers than before are in use, so that those of
  // unused ones are zero.
  void clear_gradients();
  // Sets moments and step count to zero, as before the first step.
  void reset();
  // For the following steps; uploaded only if it changes.
  void set_learning_rate(double learning_rate);
  // One step over the parameters in use at `resolution`.
  void step(int64_t resolution);
  // Waits for the device.
  GradStats stats() const;

  // Waits for the device.
  FirstBad first_bad() const;
  void clear_first_bad();
  // Euclidean norm of the last update of the parameters in use (of the update it would have been,
  // if the step was skipped). Computed from gradient and moments; waits for the device.
  double update_norm(int64_t resolution) const;

  // [1, 1, 1, 2] on the device: 1 if the last gradient was finite, and its norm.
  const Tensor& stats_tensor() const { return stats_; }

  // State for checkpoints, by name: "v", "m" (if any), "t".
  std::vector<std::pair<std::string, Tensor>> state() const;

 private:
  ParameterStore& parameters_;
  ParameterStore* ema_;
  AdamOptions options_;
  EmaOptions ema_options_;
  double learning_rate_value_ = -1.0;
  Tensor g_, m_, v_, t_, stats_, first_bad_, learning_rate_;
};

}  // namespace pg
