// fprop_sums.h: adds the parts of split sums and applies the epilogue.
#pragma once

#include "kernels/cuda/conv/fprop/fprop_epilogue.cuh"
#include "kernels/cuda/device/queue.h"
#include "kernels/tensor_view.h"

namespace pg::cuda {

// Channels of a pixel in a part: whole packs of any type.
inline int64_t part_pitch(int64_t channels) { return round_up(channels, int64_t{8}); }

// Sums over a part of the taps and input channels each: f32 [count, pixels, part_pitch].
struct FpropParts {
  const float* data;
  int count;
  int64_t size;  // of one, in elements
};

// out = epilogue(parts[0] + parts[1] + ..., in this order), for all pixels of a result with this
// shape. The norm may have any number of channels.
template <typename T>
void sum_fprop_parts(const Queue& queue, const FpropParts& parts, const FpropEpilogue<T>& epilogue,
                     const Shape& out);

}  // namespace pg::cuda
