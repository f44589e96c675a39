// floor.h: the least work of one training iteration of the official network, and the time that a
// device's peaks allow for it.
#pragma once

#include <vector>

#include "bench/timing.h"

namespace pg::bench {

// One launch: 2 FLOPs for each multiply-add; every operand read or written once, in bytes.
struct Work {
  double flops = 0, bytes = 0;
};

// The launches of one iteration without fading (D step with gradient penalty, G step, Adam and
// average) on minibatches of n images, as a good implementation needs them: resampling folded into
// the convolutions (4 taps for each pixel of the larger image), bias, activation, norm and their
// gradients in the convolutions' epilogues, real, fake and mixed images as one minibatch.
// Passes over D, in units of n: 5 forward, 5 input-gradient, 4 weight-gradient; over G: 2, 1, 1.
// Activations have `activation_bytes` (4 or 2), parameters and their gradients 4.
std::vector<Work> iteration_work(int64_t resolution, int64_t n, int64_t activation_bytes);

// Sum over launches of max(flops / peak, bytes / bandwidth, the shortest launch in a graph, 2.5
// us): no launch overlaps another, and none finds its operands in a cache.
double floor_seconds(const std::vector<Work>& work, const Peaks& peaks);

}  // namespace pg::bench
