// training_cases.h: whole training iterations on a GPU (real or emulated), compared with the CPU.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/training/gan.h"

namespace pg::test {

// A network and a minibatch small enough for the emulator: 8x8 images, 4 of them.
Config tiny_gan(Precision precision = Precision::fp32, const std::string& preset = "official-tf");

// One training run in memory: the same seed and images whatever the device.
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

double norm(const std::vector<double>& v);
double distance(const std::vector<double>& a, const std::vector<double>& b);

// Magnitudes of a network's gradients in its first update, from Adam's v = (1 - beta2) g^2.
std::vector<double> gradients(const SmallRun& run, const std::string& network);

// Compares gradients and scores of one iteration on `device` and on `cpu`. The learning rate is 0,
// so that D's update cannot amplify rounding before G uses it (Adam's first update is as large for
// noise as for a gradient).
void expect_same_gradients(SmallRun& device, SmallRun& cpu, const Fade& fade, double tolerance);

}  // namespace pg::test
