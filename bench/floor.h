// floor.h: the least work of one training iteration of the official network, and its shortest time
// at a device's peaks.
#pragma once

#include <vector>

#include "bench/timing.h"

namespace pg::bench {

// One launch: 2 FLOPs per multiply-add; bytes: every operand read or written once.
struct Work {
  double flops = 0, bytes = 0;
};

// The launches of one iteration without fading (D update with gradient penalty, G update, Adam and
// EMA) on minibatches of n images, in a good implementation: resampling folded into the
// convolutions (4 taps per pixel of the larger image), bias, activation, norm and their gradients
// in the convolutions' epilogues, real, fake and mixed images as one batch. Passes over D, in units
// of n: 5 forward, 5 input-gradient, 4 weight-gradient; over G: 2, 1, 1. Activations take
// `activation_bytes` (4 or 2) per element, parameters and their gradients 4.
std::vector<Work> iteration_work(int64_t resolution, int64_t n, int64_t activation_bytes);

// Sum over launches of max(flops / peak, bytes / bandwidth, 2.5 us, the shortest launch in a
// graph): launches do not overlap, and operands are never in a cache.
double floor_seconds(const std::vector<Work>& work, const Peaks& peaks);

}  // namespace pg::bench
