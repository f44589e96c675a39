// gan.h: everything that a training run changes (both networks, average, optimizers, random state)
// and one training iteration. Knows nothing of files, data sets or the schedule.
#pragma once

#include <memory>

#include "engine/adam.h"
#include "engine/random.h"
#include "model/config/micro_batch.h"
#include "model/networks/losses.h"

namespace pg {

// What the schedule says about one iteration.
enum class Steps : uint8_t { both, critic_only };
enum class Latents : uint8_t { fresh, again };  // again: those of the iteration before

struct IterationSettings {
  Steps steps = Steps::both;
  Latents latents = Latents::fresh;
  int64_t resolution = 4;
  double alpha = 1.0;  // weight of this resolution; below 1: fading in
  double g_learning_rate = 1e-3, d_learning_rate = 1e-3;
};

// A minibatch of real images in host memory.
struct RealImages {
  const uint8_t* images;  // [N, R, R, C]
  const uint8_t* mirror;  // [N], 0 or 1
  int64_t count;          // N
  // Classes of the real images and of the fakes of the step of G, [N] each; null: unconditional.
  const int32_t* labels = nullptr;
  const int32_t* g_labels = nullptr;
};

// What the iterations since the last reset found: means over iterations of means over minibatches.
struct TrainingStats {
  int64_t iterations = 0;
  int64_t d_skipped = 0, g_skipped = 0;   // steps left out because a gradient was not finite
  double real_score = 0, fake_score = 0;  // critic; their difference estimates the distance
  double d_loss = 0, g_loss = 0;
  double penalty = 0, gradient_norm = 0;  // see DiscriminatorLoss
  double d_weight_gradient_norm = 0, g_weight_gradient_norm = 0;
};

// What TrainingStats is made of, as a run keeps it.
struct StatsSums {
  int64_t iterations = 0, g_iterations = 0;
  std::vector<double> values;  // empty: zeros
  StatsSums& operator+=(const StatsSums& other);
};
TrainingStats stats_of(const StatsSums& sums);

class Gan {
 public:
  // `config` must be resolved. Draws the initial parameters from train.seed.
  Gan(Context& context, const Config& config);

  // One D step and (Steps::both) one G step, with the moving average as optimizer.average_order
  // says, in parts where schedule.micro_batch asks for it. Does not wait for the device. A device
  // that can capture gets the iteration as one graph, from the second one with the same resolution,
  // fading and minibatch on.
  void iterate(const IterationSettings& settings, const RealImages& reals);

  // Of the iterations since reset_stats(). Waits for the device.
  StatsSums stats_sums() const;
  TrainingStats stats() const { return stats_of(stats_sums()); }
  void reset_stats();
  // So that a resumed run goes on with the same sums.
  void set_stats_sums(const StatsSums& sums);

  // The first gradient that was not finite since the last call, of each network: how many of its
  // steps ago, and "D/8x8/Conv1/weight[12]"; an empty name: there was none. Waits for the device.
  struct BadGradient {
    int64_t steps_ago = 0;
    std::string name;
  };
  struct FirstBadGradients {
    BadGradient d, g;
  };
  FirstBadGradients take_first_bad_gradients();
  // "G/4x4/Dense/weight[7]": the first weight of D, G or the average that is not finite; empty:
  // none.
  std::string first_bad_weight() const;
  // Of G and D, over the parameters in use at `resolution`.
  struct WeightNorms {
    double norm = 0, root_mean_square = 0;
    double update = 0;  // norm of the last step, see Adam::update_norm
  };
  std::vector<std::pair<std::string, WeightNorms>> weight_norms(int64_t resolution) const;

  // Forgets both optimizers' moments and step counts.
  void reset_optimizers();
  // The averaged generator becomes the present one.
  void restart_average();

  // Everything a checkpoint must hold, by name ("G/8x8/Conv1/weight", "D.adam/v", ...): tensors to
  // be downloaded or uploaded.
  std::vector<std::pair<std::string, Tensor>> state() const;
  // The networks by the names that state() begins with: G, Gs, D.
  std::vector<std::pair<std::string, ParameterStore*>> stores() const;
  // Positions of the random streams.
  struct RandomState {
    uint64_t latents = 0, mixing = 0;
    uint64_t latents_before = 0;  // at the start of the last iteration
  };
  RandomState random_state() const;
  void set_random_state(const RandomState& s);
  // All later random numbers are those of another stream; 0: the first one. Positions stay.
  void choose_random_stream(int64_t stream);

  const Config& config() const { return config_; }
  const Generator& generator() const { return generator_; }
  const ParameterStore& generator_parameters() const { return *g_; }
  const ParameterStore& average_parameters() const { return *average_; }
  const ParameterStore& discriminator_parameters() const { return *d_; }

 private:
  // What a captured iteration depends on besides the contents of memory.
  struct Plan {
    int64_t resolution = 0, count = 0;
    bool fading = false;
    Steps steps = Steps::both;
    bool operator==(const Plan&) const = default;
  };
  void upload_inputs(const IterationSettings& settings, const RealImages& reals, const Plan& plan);
  void capture(const Plan& plan);
  void replay();
  // Changes whenever the weights of G or D do.
  std::pair<uint64_t, uint64_t> weights_version() const {
    return {g_->flat().version(), d_->flat().version()};
  }
  void run(const Plan& plan);
  DiscriminatorLoss d_step(const StageView& stage, const Tensor& z);
  DiscriminatorLoss d_part(const StageView& stage, const MicroBatch& part, const Tensor& z,
                           const Tensor& mix);
  GeneratorLoss g_step(const StageView& stage, const Tensor& z);
  void collect(const DiscriminatorLoss& d, const GeneratorLoss* g);
  void upload_labels(const RealImages& reals);

  Context& context_;
  Config config_;
  Generator generator_;
  Discriminator discriminator_;
  std::unique_ptr<ParameterStore> g_, average_, d_;
  std::unique_ptr<Adam> g_adam_, d_adam_;
  RandomStream latents_, mixing_;
  Tensor alpha_, images_, mirror_;
  Tensor labels_, g_labels_;  // one-hot
  Tensor sums_;               // of what stats() tells
  int64_t iterations_ = 0, g_iterations_ = 0;
  uint64_t latents_before_ = 0;
  Plan last_;  // of the last iteration; empty if the weights were written since
  std::pair<uint64_t, uint64_t> last_version_;  // weights_version() after it
  std::unique_ptr<StepGraph> graph_;
  Plan captured_;
  RandomState per_replay_;  // numbers that the graph draws
};

}  // namespace pg
