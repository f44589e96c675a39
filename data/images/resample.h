// resample.h: any image to a square, and the pyramid below it.
//
// Values stay f32 until they are stored: a level is the exact 2x2 mean of the unrounded level
// above, as in the official dataset tool, so no level inherits rounding from another.
#pragma once

#include <cstdint>
#include <vector>

#include "data/images/fit.h"
#include "data/images/image.h"

namespace pg {

// values[(y * width + x) * channels + c], 0 to 255, unrounded.
struct FloatImage {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<float> values;
};

// Resamples to size x size after `fit`, which must not be automatic. The axes are independent:
// shrinking takes the mean over the covered interval (border samples weighted by coverage), growing
// is bilinear between sample centres with the border repeated. Sums are f64. Throws UsageError for
// size < 1. `channels`: as convert_channels, row by row; 0: those of the image. `background` also
// fills what Fit::pad adds, except with alpha: that is transparent black.
FloatImage resample_square(const Image& image, int64_t size, Fit fit, int64_t channels = 0,
                           Background background = {});

// The smaller sizes by box_down are those of resample_square itself, bit for bit: the part of the
// image that is used has sides of `size` times a power of two, at most 1024, so all means are
// exact in f32.
bool halves_exactly(const Image& image, int64_t size, Fit fit);

// The mean of each 2x2 block; extents must be even. Sums of four f32 in f32.
FloatImage box_down(const FloatImage& image);

// Rounded half to even and clamped to 0..255; appends height * width * channels bytes.
void append_rounded(const FloatImage& image, std::vector<uint8_t>& out);

}  // namespace pg
