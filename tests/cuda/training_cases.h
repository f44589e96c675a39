// training_cases.h: whole training iterations on a GPU (real or emulated) against the CPU.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/training/gan.h"

namespace pg::test {

// A network and a minibatch small enough for the emulator: 8x8 images, 4 of them.
Config tiny_gan(Precision precision = Precision::fp32, const std::string& preset = "official-tf");

struct Stage {
  int64_t resolution;
  double alpha;
};

// One training run in memory: the same seed and images whatever the device.
class SmallRun {
 public:
  SmallRun(Backend& backend, const Config& config);
  void iterate(const Stage& stage, double learning_rate = 1e-3);
  // All tensors of a checkpoint, one after the other, whose name begins with `prefix`.
  std::vector<double> state(const std::string& prefix) const;
  TrainingStats stats() const { return gan_.stats(); }
  void reset_stats() { gan_.reset_stats(); }
  Gan& gan() { return gan_; }
  const Gan& gan() const { return gan_; }

 private:
  Context context_;
  Gan gan_;
  std::vector<uint8_t> images_, mirror_;
};

double norm(const std::vector<double>& v);
double distance(const std::vector<double>& a, const std::vector<double>& b);

// Magnitudes of the gradients that Adam saw in the first step of a network: v = (1 - beta2) g^2.
std::vector<double> gradients(const SmallRun& run, const std::string& network);

// Gradients and scores of one iteration on `device` and on `cpu`. The learning rate is 0, so that
// the step of D cannot blow rounding up before G sees it (Adam's first step is as long for noise as
// for a gradient).
void expect_same_gradients(SmallRun& device, SmallRun& cpu, const Stage& stage, double tolerance);

}  // namespace pg::test
