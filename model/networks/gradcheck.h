// gradcheck.h: gradients of whole networks against central differences, in f64.
//
// The networks are small: 16x16 at most and few feature maps, but every layer, norm and penalty of
// the configuration that they stand for. Everything is drawn from fixed seeds.
#pragma once

#include "engine/gradcheck/deviation.h"
#include "model/config/schedule.h"
#include "model/networks/losses.h"

namespace pg {

// The presets, and variants of them with what no preset has (other losses, conditioning, plain
// layers).
std::vector<std::string> gradcheck_names();

// The small version of one of them. Throws UsageError for an unknown name, with the nearest one.
Config gradcheck_config(const std::string& name);

// 4x4, 8x8 fading and stable, 16x16 fading.
std::span<const Fade> gradcheck_fades();

enum class Player { discriminator, generator };

// Both networks at one resolution, with a minibatch of four for each.
class GradcheckNetworks {
 public:
  GradcheckNetworks(Context& context, const Config& config, const Fade& fade);

  // The whole loss of one network, penalties included, as mean or sum (loss.reduction); its
  // gradient is left in `gradient`, which is laid out like store(player).flat().
  double loss(Player player, const Tensor& gradient);

  // For each parameter tensor, <gradient, d> against the central difference of the loss along a
  // random direction d; errors are relative to the larger of 1 and the difference quotient.
  gradcheck::Deviation check(Player player);

  ParameterStore& store(Player player) { return player == Player::generator ? g_store_ : d_store_; }
  const Discriminator& discriminator() const { return d_; }
  const DeviceFade& fade() const { return fade_; }
  DiscriminatorInputs& inputs() { return inputs_; }

 private:
  double loss_at(Player player, const Tensor& weights, const Tensor& direction, double step);

  Config config_;
  Generator g_;
  Discriminator d_;
  ParameterStore g_store_, d_store_;
  DeviceFade fade_;
  DiscriminatorInputs inputs_;
  Tensor z_;
};

}  // namespace pg
