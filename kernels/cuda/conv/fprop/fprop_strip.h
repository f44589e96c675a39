// fprop_strip.h: the tensor-core convolution of wide images with 16 and 32 channels.
#pragma once

#include "kernels/cuda/conv/fprop/fprop_params.h"

namespace pg::cuda {

// A strip: kWidth neighbouring pixels (of the low-resolution image), 4 warps of 16 kM pixels with
// all 8 kN output channels; kAhead lines of strips are copied ahead.
template <TapPattern kPatternValue, int kInputsValue, int kMValue, int kNValue, int kAheadValue>
struct FpropStrip {
  static constexpr TapPattern kPattern = kPatternValue;
  static constexpr int kInputs = kInputsValue, kOutputs = 8 * kNValue, kAhead = kAheadValue;
  using Warps = WarpGrid<4, 1, kMValue, kNValue>;
  static constexpr int kThreads = 4 * kWarp, kWidth = 4 * 16 * kMValue;
  // On a processor, which limits registers; shared memory may allow fewer.
  static constexpr int kBlocks = kMValue * kNValue <= 8 ? 4 : 2;
};

// The layers of the official networks at 512 and 1024 pixels: both convolutions of a block and
// their input gradients.
template <typename T>
struct FpropStrips;
template <>
struct FpropStrips<bf16> {
  using Type = std::tuple<FpropStrip<TapPattern::plain, 16, 4, 2, 2>,   //
                          FpropStrip<TapPattern::plain, 32, 4, 4, 2>,   //
                          FpropStrip<TapPattern::spread, 32, 4, 2, 2>,  //
                          FpropStrip<TapPattern::gather, 16, 2, 4, 2>>;
};
template <>
struct FpropStrips<float> {
  using Type = std::tuple<FpropStrip<TapPattern::plain, 16, 2, 2, 2>,   //
                          FpropStrip<TapPattern::plain, 32, 2, 4, 1>,   //
                          FpropStrip<TapPattern::spread, 32, 2, 2, 1>,  //
                          FpropStrip<TapPattern::gather, 16, 1, 4, 2>>;
};

// The properties that decide whether a strip fits.
struct StripShape {
  TapPattern pattern;
  int64_t taps, inputs, outputs;
  int64_t samples, height, width;  // of the low-resolution image
};

// Estimated time, in results of a busy processor as for tiles; negative: no strip fits.
template <typename T>
double strip_time(const Queue& queue, const StripShape& shape);

// Inputs must have whole packs, and a strip must fit.
template <typename T>
void launch_strip(const Queue& queue, const FpropParams<T>& params, const StripShape& shape);

}  // namespace pg::cuda
