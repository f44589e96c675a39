// training_cases.h: whole training iterations on a GPU (real or emulated) against the CPU.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/training/gan.h"

namespace pg::test {

// A network and a minibatch small enough for the emulator: 8x8 images, 4 of them.
Config tiny_gan(Precision precision = Precision::fp32);

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

 private:
  Context context_;
  Gan gan_;
  std::vector<uint8_t> images_, mirror_;
};

}  // namespace pg::test
