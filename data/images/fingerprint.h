// fingerprint.h: what is kept of an image to find others like it: 224 bytes.
#pragma once

#include <array>
#include <cstdint>

#include "data/images/image.h"

namespace pg {

inline constexpr int64_t kThumbnailSide = 8;

struct Fingerprint {
  int64_t image = 0;  // its number in the source

  // No sample of a channel (over black) differs by more than 4 from another.
  bool single_colour = false;

  // Of extents, channels and all samples: equal for equal pictures, whatever files they came from.
  uint64_t pixels = 0;

  // dHash: bit 8 y + x tells whether cell (y, x + 1) of an 8 x 9 reduction to gray is brighter than
  // cell (y, x). Survives scaling, compression and changes of brightness.
  uint64_t gradient = 0;

  // The mean colours of 8 x 8 parts, RGB over black, rows first.
  std::array<uint8_t, 3 * kThumbnailSide* kThumbnailSide> thumbnail = {};
};

// Everything but `image`.
Fingerprint fingerprint_of(const Image& image);

}  // namespace pg
