// taps.h: along one axis, the input element that each filter tap of an output reads.
//
// The three convolution modes differ only in this, so the loops of conv.cpp read these lists and
// are free of modes. The axes are independent: a two-dimensional tap is a pair of entries.
#pragma once

#include <span>
#include <vector>

#include "kernels/conv.h"

namespace pg::cpu {

// One term of a sum along an axis: the element `index` of the other image under filter tap `tap`.
struct AxisTap {
  int64_t index, tap;
};

struct Axis {
  ConvMode mode;
  int64_t pad, taps;      // zeros on each side, extent of the filter
  int64_t input, output;  // extents of x and of y
};

class AxisTaps {
 public:
  // For each element of y, the elements of x in its sum; for down, those of both positions.
  static AxisTaps forward(const Axis& axis) { return AxisTaps(axis, axis.output, true); }
  // The transpose: for each element of x, the elements of y that it adds to.
  static AxisTaps backward(const Axis& axis) { return AxisTaps(axis, axis.input, false); }

  std::span<const AxisTap> of(int64_t i) const { return lists_[static_cast<size_t>(i)]; }

 private:
  AxisTaps(const Axis& axis, int64_t count, bool by_output) : lists_(static_cast<size_t>(count)) {
    const int64_t up = axis.mode == ConvMode::up ? 2 : 1;
    const int64_t down = axis.mode == ConvMode::down ? 2 : 1;
    for (int64_t position = 0; position < axis.output * down; ++position) {
      for (int64_t tap = 0; tap < axis.taps; ++tap) {
        const int64_t pixel = position + tap - axis.pad;
        if (pixel < 0 || pixel >= axis.input * up) continue;
        const int64_t out = position / down, in = pixel / up;
        lists_[static_cast<size_t>(by_output ? out : in)].push_back({by_output ? in : out, tap});
      }
    }
  }

  std::vector<std::vector<AxisTap>> lists_;
};

}  // namespace pg::cpu
