// frame.h: images made fit for video: colour, even extents, and not too small.
#pragma once

#include <cstdint>
#include <vector>

#include "data/images/image.h"

namespace pg {

// The whole factor by which frames of these extents are enlarged: the shorter side gets at least
// 512 pixels, unless the longer one would then have more than 2048. Video stores colour at half the
// resolution, so pixels of single images would lose theirs. 1 for an enlarged frame.
int64_t video_factor(int64_t height, int64_t width);

// Each pixel repeated `factor` times in both directions.
Image enlarged(const Image& image, int64_t factor);

// RGB (convert_channels), enlarged by video_factor; odd extents get one more row or column, a copy
// of the last.
Image video_frame(const Image& image);

// Brightness Y [height, width] and colour differences Cb and Cr [height / 2, width / 2].
struct I420 {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> y, cb, cr;
};

// An RGB image of even extents by ITU-R BT.709 in studio range. With r, g, b in 0 .. 1 and
// l = 0.2126 r + 0.7152 g + 0.0722 b:
//   Y = 16 + 219 l, Cb = 128 + 224 (b - l) / 1.8556, Cr = 128 + 224 (r - l) / 1.5748
// rounded to nearest, in fixed point with 16 bits. Colour is that of the mean of 2x2 pixels.
I420 to_i420(const Image& rgb);

}  // namespace pg
