// device_fade.h: a Fade as the networks use it, with alpha in device memory.
#pragma once

#include "engine/tensor.h"
#include "model/config/fade.h"

namespace pg {

// A captured graph reads alpha again in each replay, so it is a tensor.
struct DeviceFade {
  int64_t resolution = kMinResolution;
  Tensor alpha{};  // [1, 1, 1, 1]; empty: stable
};

// alpha in the memory of the current step, with context and dtype of `like`.
inline DeviceFade on_device(const Fade& fade, const Tensor& like) {
  return {fade.resolution, fade.fading() ? full({}, fade.alpha, like) : Tensor()};
}

}  // namespace pg
