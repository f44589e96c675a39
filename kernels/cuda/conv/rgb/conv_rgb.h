// conv_rgb.h: 1x1 convolution from or to a few channels (fromRGB, toRGB) and its input gradient.
#pragma once

#include <algorithm>

#include "kernels/conv.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

constexpr int64_t kFewChannels = 4, kManyChannels = 2048;

inline bool conv_rgb_takes(const Shape& w, const ConvGeometry& geometry) {
  return w.h == 1 && w.w == 1 && geometry.pad == 0 && geometry.mode == ConvMode::same &&
         std::min(w.n, w.c) <= kFewChannels && std::max(w.n, w.c) <= kManyChannels;
}

// Any element type. As Backend::conv2d and its input gradient, but args.r of the former must be
// absent.
void conv_rgb(Queue& queue, const Conv2dArgs& args);
void conv_rgb_input_grad(Queue& queue, const Conv2dInputGradArgs& args);

}  // namespace pg::cuda
