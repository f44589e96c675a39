// small_run.h: training of a network so small that an emulated GPU takes seconds for an iteration;
// for the selftest and the tests of whole iterations.
#pragma once

#include <string>
#include <vector>

#include "model/training/gan.h"

namespace pg::selftest {

// 8x8 images with 3 channels and, if conditional, 3 classes; not resolved.
Config small_gan(Precision precision = Precision::fp32, const std::string& preset = "official-tf");

// One training run in memory with minibatches of 4 noise images: the same seed and images whatever
// the device.
class SmallRun {
 public:
  SmallRun(Backend& backend, const Config& config);
  void iterate(const Fade& fade, double learning_rate = 1e-3);
  // The tensors of a checkpoint with names that start with `prefix`, concatenated.
  std::vector<double> state(const std::string& prefix) const;
  TrainingStats stats() const { return gan_.stats().means(); }
  void reset_stats() { gan_.stats().reset(); }
  Gan& gan() { return gan_; }
  const Gan& gan() const { return gan_; }

 private:
  Context context_;
  Gan gan_;
  std::vector<uint8_t> images_, mirror_;
};

// Magnitudes of the gradients of a network, "G" or "D", in its first update, from Adam's
// v = (1 - beta2) g^2.
std::vector<double> gradients(const SmallRun& run, const std::string& network);

// Euclidean; of equally long vectors.
double norm(const std::vector<double>& v);
double distance(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace pg::selftest
