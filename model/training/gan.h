// gan.h: everything that a training run changes (both networks, average, optimizers, random state)
// and one training iteration. Knows nothing of files, data sets or the schedule.
#pragma once

#include <memory>

#include "engine/optimizer.h"
#include "engine/random.h"
#include "model/losses.h"

namespace pg {

// What the schedule says about one iteration.
struct IterationSettings {
  int64_t resolution = 4;
  double alpha = 1.0;  // weight of this resolution; below 1: fading in
  double g_learning_rate = 1e-3, d_learning_rate = 1e-3;
};

// A minibatch of real images in host memory.
struct RealImages {
  const uint8_t* images;  // [N, R, R, C]
  const uint8_t* mirror;  // [N], 0 or 1
  int64_t count;          // N
};

// What an iteration found, means over the minibatch.
struct IterationStats {
  double real_score = 0, fake_score = 0;  // critic; their difference estimates the distance
  double d_loss = 0, g_loss = 0;
  double penalty = 0, gradient_norm = 0;  // see DiscriminatorLoss
  GradStats d_gradient, g_gradient;
};

class Gan {
 public:
  // `config` must be resolved. Draws the initial parameters from train.seed.
  Gan(Context& context, const Config& config);

  // One D step and one G step, with the moving average as optimizer.average_order says.
  IterationStats iterate(const IterationSettings& settings, const RealImages& reals);

  // Forgets both optimizers' moments and step counts.
  void reset_optimizers();

  // Everything a checkpoint must hold, by name ("G/8x8/Conv1/weight", "D.adam/v", ...): tensors to
  // be downloaded or uploaded.
  std::vector<std::pair<std::string, Tensor>> state() const;
  // To be called after uploads into state().
  void state_changed();
  // Positions of the random streams.
  struct RandomState {
    uint64_t latents = 0, mixing = 0;
  };
  RandomState random_state() const;
  void set_random_state(const RandomState& s);

  const Config& config() const { return config_; }
  const Generator& generator() const { return generator_; }
  const ParameterStore& generator_parameters() const { return *g_; }
  const ParameterStore& average_parameters() const { return *average_; }
  const ParameterStore& discriminator_parameters() const { return *d_; }

 private:
  StageView stage(int64_t resolution, double alpha);
  Tensor real_images(const RealImages& reals, const StageView& stage);

  Context& context_;
  Config config_;
  Generator generator_;
  Discriminator discriminator_;
  std::unique_ptr<ParameterStore> g_, average_, d_;
  std::unique_ptr<Adam> g_adam_, d_adam_;
  RandomStream latents_, mixing_;
  Tensor alpha_;
  int64_t resolution_ = 0;  // of the last iteration
};

}  // namespace pg
