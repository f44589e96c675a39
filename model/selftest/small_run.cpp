// small_run.cpp: a small run with noise images from a counter.
#include "model/selftest/small_run.h"

#include <cmath>

#include "kernels/philox.h"
#include "model/selftest/machine.h"

namespace pg::selftest {
namespace {
constexpr int64_t kMinibatch = 4, kLargest = 8, kChannels = 3;
constexpr int32_t kLabels[kMinibatch + 1] = {0, 2, 1, 2, 0};
}  // namespace

Config small_gan(Precision precision, const std::string& name) {
  Config c = preset(name);
  c.model.resolution = kLargest;
  c.model.channels = kChannels;
  c.model.fmap_base = 64;
  c.model.label_size = 3;
  c.model.fmap_max = 16;
  c.model.latent_size = 8;
  c.train.precision = precision;
  // With rounded factors, values near 0 change sign and the gradient jumps by 1 - slope: a property
  // of the network, not an error of the kernels.
  if (precision != Precision::fp32) c.model.leaky_slope = 0.95;
  return c;
}

SmallRun::SmallRun(Backend& backend, const Config& config)
    : context_(backend, kSmallBlocks), gan_(context_, config), mirror_(kMinibatch, 0) {
  mirror_[1] = 1;
  images_.resize(kMinibatch * kLargest * kLargest * kChannels);
  for (size_t i = 0; i < images_.size(); ++i) {
    images_[i] = static_cast<uint8_t>(philox(3, 1, i).word[0] >> 24);
  }
}

void SmallRun::iterate(const Fade& fade, double learning_rate) {
  const int64_t bytes = kMinibatch * fade.resolution * fade.resolution * kChannels;
  gan_.iterate({.fade = fade, .g_learning_rate = learning_rate, .d_learning_rate = learning_rate},
               {.images = std::span(images_).first(static_cast<size_t>(bytes)),
                .mirror = mirror_,
                .labels = std::span(kLabels).first(kMinibatch),
                .g_labels = std::span(kLabels).subspan(1, kMinibatch)});
}

std::vector<double> SmallRun::state(const std::string& prefix) const {
  std::vector<double> all;
  for (const auto& [name, tensor] : gan_.state().tensors()) {
    if (!name.starts_with(prefix)) continue;
    const std::vector<double> values = to_host(tensor);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

std::vector<double> gradients(const SmallRun& run, const std::string& network) {
  std::vector<double> v = run.state(network + ".adam/v");
  for (double& x : v) x = std::sqrt(x / (1 - run.gan().config().optimizer.beta2));
  return v;
}

double norm(const std::vector<double>& v) { return distance(v, std::vector<double>(v.size())); }

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  PG_ASSERT(a.size() == b.size());
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

}  // namespace pg::selftest
