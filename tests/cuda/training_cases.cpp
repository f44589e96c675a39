// training_cases.cpp: a small run whose images are noise from a counter.
#include "tests/cuda/training_cases.h"

#include "kernels/philox.h"

namespace pg::test {
namespace {
constexpr int64_t kMinibatch = 4, kLargest = 8, kChannels = 3;
// Small blocks: the emulator fills what it allocates.
constexpr ArenaBlocks kBlocks{.persistent = 1 << 20, .step = 4 << 20};
}  // namespace

Config tiny_gan(Precision precision) {
  Config c = preset("official-tf");
  c.model.resolution = kLargest;
  c.model.channels = kChannels;
  c.model.fmap_base = 64;
  c.model.fmap_max = 16;
  c.model.latent_size = 8;
  c.train.precision = precision;
  // Where factors are rounded, values near 0 change sign, and the gradient jumps by the slope's
  // distance from 1: a property of the network and not an error of the kernels.
  if (precision != Precision::fp32) c.model.leaky_slope = 0.95;
  return c;
}

SmallRun::SmallRun(Backend& backend, const Config& config)
    : context_(backend, kBlocks), gan_(context_, config), mirror_(kMinibatch, 0) {
  mirror_[1] = 1;
  images_.resize(kMinibatch * kLargest * kLargest * kChannels);
  for (size_t i = 0; i < images_.size(); ++i) {
    images_[i] = static_cast<uint8_t>(philox(3, 1, i).word[0] >> 24);
  }
}

void SmallRun::iterate(const Stage& stage, double learning_rate) {
  gan_.iterate({.resolution = stage.resolution,
                .alpha = stage.alpha,
                .g_learning_rate = learning_rate,
                .d_learning_rate = learning_rate},
               {.images = images_.data(), .mirror = mirror_.data(), .count = kMinibatch});
}

std::vector<double> SmallRun::state(const std::string& prefix) const {
  std::vector<double> all;
  for (const auto& [name, tensor] : gan_.state()) {
    if (!name.starts_with(prefix)) continue;
    const std::vector<double> values = to_host(tensor);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace pg::test
