// rgb_fprop.h: 1x1 convolution from or to few channels (fromRGB, toRGB), and its input gradient.
#pragma once

#include <algorithm>

#include "kernels/conv.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

constexpr int64_t kFewChannels = 4, kManyChannels = 2048;

// Whether the filter is 1x1 without padding, with few channels on one side.
inline bool rgb_supports(const Shape& w, const ConvGeometry& geometry) {
  return w.h == 1 && w.w == 1 && geometry.pad == 0 && geometry.mode == ConvMode::same &&
         std::min(w.n, w.c) <= kFewChannels && std::max(w.n, w.c) <= kManyChannels;
}

// As Backend::conv2d and its input gradient, for any element type.
void rgb_fprop(Queue& queue, const Conv2dArgs& args);
void rgb_dgrad(Queue& queue, const Conv2dInputGradArgs& args);

}  // namespace pg::cuda
