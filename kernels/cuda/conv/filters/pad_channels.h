// pad_channels.h: aligned copies of tensors whose channels are not whole packs.
#pragma once

#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

// Whether the pixels of a tensor with `channels` channels at `data` can be read in packs of 16
// bytes.
template <typename T>
bool has_packs(const void* data, int64_t channels) {
  return is_aligned(data) && channels % kPack<T> == 0;
}

template <typename T>
int64_t padded_channels(int64_t channels) {
  return round_up(channels, kPack<T>);
}

// y [pixels, padded_channels(channels)], 16-byte aligned = x [pixels, channels], then zeros.
template <typename T>
void pad_channels(const Queue& queue, const T* x, T* y, int64_t pixels, int64_t channels);

}  // namespace pg::cuda
