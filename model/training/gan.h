// gan.h: one training iteration. Independent of files, data sets and the schedule.
#pragma once

#include <memory>

#include "model/config/micro_batch.h"
#include "model/networks/losses.h"
#include "model/training/gan_state.h"
#include "model/training/iteration.h"
#include "model/training/iteration_stats.h"

namespace pg {

class Gan {
 public:
  // `config` must be resolved. Draws the initial parameters from train.seed.
  Gan(Context& context, const Config& config);

  // One update of D and (Steps::both) one of G, with the EMA in the order optimizer.average_order,
  // in parts if schedule.micro_batch is set. Does not wait for the device. A device that can
  // capture runs the iteration as one graph, from the second one with the same resolution, fading
  // and minibatch. Throws ShapeError if the images do not have this resolution.
  void iterate(const IterationSettings& settings, const RealImages& reals);

  // May be changed between iterations.
  GanState& state() { return state_; }
  const GanState& state() const { return state_; }

  // Of the iterations since its last reset.
  StatsAccumulator& stats() { return stats_; }
  const StatsAccumulator& stats() const { return stats_; }

  const Config& config() const { return config_; }

 private:
  // All that a captured iteration depends on besides the contents of memory.
  struct Plan {
    int64_t resolution = 0, count = 0;
    bool fading = false;
    Steps steps = Steps::both;
    int64_t random_stream = 0;
    bool operator==(const Plan&) const = default;
  };
  // Changes whenever the weights of G or D do.
  std::pair<uint64_t, uint64_t> weights_version() const {
    return {state_.g.flat().version(), state_.d.flat().version()};
  }
  void upload_inputs(const IterationSettings& settings, const RealImages& reals, const Plan& plan);
  void upload_labels(const RealImages& reals);
  void capture(const Plan& plan);
  void replay();
  void run(const Plan& plan);
  DiscriminatorLoss d_step(const DeviceFade& fade, const Tensor& z);
  DiscriminatorLoss d_part(const DeviceFade& fade, const MicroBatch& part, const Tensor& z,
                           const Tensor& mix);
  Tensor d_images(const DeviceFade& fade, const MicroBatch& part, const Tensor& z,
                  const Tensor& labels);
  GeneratorLoss g_step(const DeviceFade& fade, const Tensor& z);

  Context& context_;
  Config config_;
  GanState state_;
  StatsAccumulator stats_;
  Tensor alpha_, images_, mirror_;
  Tensor all_labels_, labels_, g_labels_;  // one-hot; two halves of the first
  Plan last_;  // of the last iteration; empty if the weights were written since
  std::pair<uint64_t, uint64_t> last_version_;  // weights_version() after it
  std::unique_ptr<StepGraph> graph_;
  Plan captured_;
  RandomState per_replay_;  // numbers that the graph draws
};

}  // namespace pg
