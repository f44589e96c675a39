// gradcheck.h: gradients of whole networks compared with central differences, in f64.
//
// The networks are small, 16x16 at most with few feature maps, but have every layer, norm and
// penalty of their configuration. Everything is drawn from fixed seeds.
#pragma once

#include "engine/gradcheck/deviation.h"
#include "model/config/schedule.h"
#include "model/networks/losses.h"

namespace pg {

// The presets, and variants with features that no preset has (other losses, conditioning, plain
// layers).
std::vector<std::string> gradcheck_names();

// The small version of one of them. Throws UsageError, with the nearest name, for an unknown one.
Config gradcheck_config(const std::string& name);

// 4x4, 8x8 fading and stable, 16x16 fading.
std::span<const Fade> gradcheck_fades();

// Both networks at one resolution, with a minibatch of four for each.
class GradcheckNetworks {
 public:
  GradcheckNetworks(Context& context, const Config& config, const Fade& fade);

  // The whole loss of one network with its penalties, as mean or sum (loss.reduction). Writes its
  // gradient to `gradient`, which is laid out like store(network).flat().
  double loss(Network network, const Tensor& gradient);

  // For each parameter tensor, <gradient, d> compared with the central difference of the loss along
  // a random direction d; errors are relative to the larger of 1 and the difference quotient.
  gradcheck::Deviation check(Network network);

  ParameterStore& store(Network network) {
    return network == Network::generator ? g_store_ : d_store_;
  }
  const Discriminator& discriminator() const { return d_; }
  const DeviceFade& fade() const { return fade_; }
  DiscriminatorInputs& inputs() { return inputs_; }

 private:
  double loss_at(Network network, const Tensor& weights, const Tensor& direction, double step);

  Config config_;
  Generator g_;
  Discriminator d_;
  ParameterStore g_store_, d_store_;
  DeviceFade fade_;
  DiscriminatorInputs inputs_;
  Tensor z_;
};

}  // namespace pg
