// conv_narrow.h: the tensor-core convolution of wide images with 16 and 32 channels.
#pragma once

#include "kernels/cuda/conv/fprop/conv_f_params.h"

namespace pg::cuda {

// A strip: kWidth pixels (of the low-resolution image) side by side, 4 warps of 16 kM pixels with
// all 8 kN output channels; kAhead lines of strips are copied ahead.
template <ConvForm kFormValue, int kInputsValue, int kMValue, int kNValue, int kAheadValue>
struct NarrowStrip {
  static constexpr ConvForm kForm = kFormValue;
  static constexpr int kInputs = kInputsValue, kOutputs = 8 * kNValue, kAhead = kAheadValue;
  using Warps = WarpGrid<4, 1, kMValue, kNValue>;
  static constexpr int kThreads = 4 * kWarp, kWidth = 4 * 16 * kMValue;
};

// The layers of the official networks at 512 and 1024 pixels: both convolutions of a block and
// their input gradients.
template <typename T>
struct NarrowStrips;
template <>
struct NarrowStrips<bf16> {
  using Type = std::tuple<NarrowStrip<ConvForm::plain, 16, 4, 2, 2>,   //
                          NarrowStrip<ConvForm::plain, 32, 4, 4, 2>,   //
                          NarrowStrip<ConvForm::spread, 32, 4, 2, 2>,  //
                          NarrowStrip<ConvForm::gather, 16, 2, 4, 2>>;
};
template <>
struct NarrowStrips<float> {
  using Type = std::tuple<NarrowStrip<ConvForm::plain, 16, 2, 2, 2>,   //
                          NarrowStrip<ConvForm::plain, 32, 2, 4, 1>,   //
                          NarrowStrip<ConvForm::spread, 32, 2, 2, 1>,  //
                          NarrowStrip<ConvForm::gather, 16, 1, 4, 2>>;
};

// What decides whether a strip fits.
struct NarrowShape {
  ConvForm form;
  int64_t taps, inputs, outputs;
  int64_t samples, height, width;  // of the low-resolution image
};

// Estimated time, in results of a busy processor as for tiles; below 0: no strip fits.
template <typename T>
double narrow_cost(const Queue& queue, const NarrowShape& shape);

// Inputs must be whole chunks, and a strip must fit.
template <typename T>
void launch_narrow(const Queue& queue, const ConvParams<T>& params, const NarrowShape& shape);

}  // namespace pg::cuda
